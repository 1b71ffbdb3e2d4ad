/**
 * The rules of the directory of kitchens, as functions over the record: which entry is which, and what each
 * step of signing in and out makes of it. No database is touched here; `kitchen-switch.ts` keeps the order
 * in which record and databases change.
 */
import { must } from '../shared/assert.ts';
import type { Account } from '../shared/rpc.ts';
import type { SealedKitchen, SyncStatus } from '../shared/status.ts';
import { FIRST_KITCHEN, type Directory, type KitchenEntry } from './host/kitchen-directory.ts';

const NOTHING_UNSENT = { acts: 0, rows: 0 };

export const newEntry = (name: string, account: Account | null): KitchenEntry => ({
  name,
  account,
  adopting: null,
  isLeaving: false,
  unsent: NOTHING_UNSENT,
});

export const firstDirectory = (): Directory => ({
  version: 1,
  current: FIRST_KITCHEN,
  kitchens: [newEntry(FIRST_KITCHEN, null)],
});

export const getEntry = (directory: Directory, name: string): KitchenEntry =>
  must(
    directory.kitchens.find((entry) => entry.name === name),
    'the directory knows the kitchen',
  );

export const currentEntry = (directory: Directory): KitchenEntry =>
  getEntry(directory, directory.current);

/** One database per household, whoever of it signs in. */
export const findHousehold = (
  directory: Directory,
  householdId: string,
): KitchenEntry | undefined =>
  directory.kitchens.find((entry) => entry.account?.householdId === householdId);

/** The kitchen that needs no account, if there is one beside `except`. */
export const findAnonymous = (directory: Directory, except: string): KitchenEntry | undefined =>
  directory.kitchens.find((entry) => entry.account === null && entry.name !== except);

export const withEntry = (directory: Directory, entry: KitchenEntry): Directory => ({
  ...directory,
  kitchens: directory.kitchens.some(({ name }) => name === entry.name)
    ? directory.kitchens.map((old) => (old.name === entry.name ? entry : old))
    : [...directory.kitchens, entry],
});

export const withoutEntry = (directory: Directory, name: string): Directory => ({
  ...directory,
  kitchens: directory.kitchens.filter((entry) => entry.name !== name),
});

export const withCurrent = (directory: Directory, name: string): Directory => ({
  ...directory,
  current: getEntry(directory, name).name,
});

/** The open kitchen cannot be read: another one takes its place, for the same household. */
export function withSetAside(directory: Directory, newName: string): Directory {
  const damaged = currentEntry(directory);
  const rest = directory.kitchens.filter((entry) => entry.name !== damaged.name);
  return {
    ...directory,
    current: newName,
    kitchens: [...rest, newEntry(newName, damaged.account ?? damaged.adopting)],
    setAside: [...(directory.setAside ?? []), damaged.name],
  };
}

/** Closed kitchens that hold what their household has not got. */
export const sealedKitchens = (directory: Directory): readonly SealedKitchen[] =>
  directory.kitchens
    .filter(({ name, account, unsent }) =>
      name === directory.current ? false : account !== null && unsent.rows > 0,
    )
    .map(({ account, unsent }) => ({ name: account?.name ?? '', ...unsent }));

export const unsentOf = ({ unsent, held }: SyncStatus): KitchenEntry['unsent'] => ({
  acts: unsent.acts,
  rows: unsent.rows + held,
});

/**
 * What a device remembers beside the synced tables, in the same database and so in the same transactions:
 * whose kitchen it is, whether the samples were laid out, and what is to be said. Never synced.
 */
import type { Account } from '../shared/rpc.ts';
import type { Sql } from './engine/ports.ts';

export const prefsTableSql = `
create table if not exists prefs (
  name text primary key not null,
  value text not null
) strict;
`;

function findPref(sql: Sql, name: string): unknown {
  const value = sql.all('select value from prefs where name = ?1', [name])[0]?.['value'];
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function setPref(sql: Sql, name: string, value: unknown): void {
  if (value === null) {
    sql.run('delete from prefs where name = ?1', [name]);
    return;
  }
  sql.run(
    `insert into prefs (name, value) values (?1, ?2)
     on conflict (name) do update set value = excluded.value`,
    [name, JSON.stringify(value)],
  );
}

/** The account whose household this database holds; written only by `setAccount`. */
export const findAccount = (sql: Sql): Account | null => findPref(sql, 'account') as Account | null;

export const setAccount = (sql: Sql, account: Account | null): void =>
  setPref(sql, 'account', account);

/** Something that was acknowledged is gone, and nobody has been seen to read that. */
export const wasWorkLost = (sql: Sql): boolean => findPref(sql, 'work-lost') === true;

export const setWorkLost = (sql: Sql, isLost: boolean): void =>
  setPref(sql, 'work-lost', isLost ? true : null);

export const wereSamplesLaidOut = (sql: Sql): boolean => findPref(sql, 'samples') === true;

export const rememberSamples = (sql: Sql): void => setPref(sql, 'samples', true);

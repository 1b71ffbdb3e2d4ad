/**
 * The reserve: a file that holds nothing, so that a full disk has room for what gets a device out of it. It
 * is given up when a put says `full` and nothing else could be freed. From then on acts and pulled rows are
 * refused; sending goes on in the room that it leaves. Putting it again is how the log finds out that there is
 * room: nothing that browsers say about their quota can be relied on, only a put that fails or does not.
 */
import type { Owner } from './file-format.ts';
import { isSpareName, spareName } from './file-names.ts';
import type { Store, StoreFailure } from './files.ts';

const SPARE_BYTES = 1024 * 1024;

export interface Reserve {
  /** Why there is no reserve, once it was asked for; null while all is well. */
  missing(): StoreFailure | null;
  /** Makes it, unless it is there. */
  fill(): Promise<void>;
  giveUp(reason: StoreFailure): Promise<void>;
}

export interface ReserveDeps {
  readonly store: Store;
  readonly owner: Owner;
  /** There is a spare file of an earlier owner. */
  readonly isFull: boolean;
  readonly onChanged: () => void;
}

export function createReserve({ store, owner, isFull, onChanged }: ReserveDeps): Reserve {
  let isThere = isFull || !store.survives.processKill;
  let missing: StoreFailure | null = null;
  let attempt = 0;
  let filling: Promise<void> | null = null;

  function note(reason: StoreFailure | null): void {
    const isNews = (reason === null) !== (missing === null);
    missing = reason;
    if (isNews) onChanged();
  }

  async function put(): Promise<void> {
    const name = spareName(owner, attempt++);
    const written = await store.put(name, new ArrayBuffer(SPARE_BYTES));
    isThere = written.ok;
    if (written.ok) {
      note(null);
    } else {
      await store.remove(name);
      // What fails for another reason says nothing about room: what matters will fail by itself.
      if (written.error.type === 'full') note(written.error);
    }
  }

  return {
    missing: () => missing,
    fill() {
      if (isThere) return Promise.resolve();
      filling ??= put().finally(() => {
        filling = null;
      });
      return filling;
    },
    async giveUp(reason) {
      if (!store.survives.processKill) return;
      isThere = false;
      await removeSpares(store);
      note(reason);
    },
  };
}

export async function removeSpares(store: Store): Promise<void> {
  const listed = await store.list();
  if (!listed.ok) return;
  for (const name of listed.value) if (isSpareName(name)) await store.remove(name);
}

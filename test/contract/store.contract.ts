/**
 * What every `Store` must do, as cases that need no test runner: Node applies them to memory and to the
 * simulated disk, a page applies them to OPFS and IndexedDB in a real browser.
 *
 * `open` gives a store on the same, initially empty folder each time it is called.
 */
import type { Result } from '../../shared/result.ts';
import type { Store, StoreFailure } from '../../worker/store/files.ts';

export interface StoreCase {
  readonly title: string;
  readonly run: (open: () => Promise<Store>) => Promise<void>;
}

function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

function value<T>(result: Result<T, StoreFailure>, doing: string): T {
  if (!result.ok) throw new Error(`${doing}: ${result.error.type} (${result.error.detail})`);
  return result.value;
}

function pattern(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let index = 0; index < sizeBytes; index++) bytes[index] = index * 31 + seed;
  return bytes;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return a.length === b.length;
}

/** `vanish` takes the folder away with everything in it, as clearing site data does. */
export interface VanishingCase {
  readonly title: string;
  readonly run: (open: () => Promise<Store>, vanish: () => Promise<unknown>) => Promise<void>;
}

const SIZES_BYTES = [1, 4096, 70_000, 1_500_000];

export const STORE_CASES: readonly StoreCase[] = [
  {
    title: 'what was put is read back, by this and by a later opening',
    async run(open) {
      const store = await open();
      value(await store.settle(), 'settle');
      for (const size of SIZES_BYTES) {
        value(await store.put(`file-${size}`, pattern(size, size).buffer), `put ${size}`);
      }
      for (const reader of [store, await open()]) {
        for (const size of SIZES_BYTES) {
          const bytes = value(await reader.read(`file-${size}`), `read ${size}`);
          check(same(bytes, pattern(size, size)), `${size} bytes come back as they were`);
        }
      }
    },
  },
  {
    title: 'the bytes are those of the moment of the put, and a reader owns what it reads',
    async run(open) {
      const store = await open();
      const bytes = pattern(5000, 1);
      value(await store.put('mine', bytes.buffer), 'put');
      bytes.fill(0);
      const first = value(await store.read('mine'), 'read');
      first.fill(9);
      check(same(value(await store.read('mine'), 'read'), pattern(5000, 1)), 'nothing is shared');
    },
  },
  {
    title: 'a name is written once, also by a later opening',
    async run(open) {
      const store = await open();
      value(await store.put('once', pattern(10, 1).buffer), 'put');
      for (const writer of [store, await open()]) {
        const again = await writer.put('once', pattern(10, 2).buffer);
        check(!again.ok && again.error.type === 'exists', 'a second put says that the name exists');
      }
      check(
        same(value(await store.read('once'), 'read'), pattern(10, 1)),
        'the first content stays',
      );
    },
  },
  {
    title: 'the list names exactly the files that are there',
    async run(open) {
      const store = await open();
      value(await store.put('b', pattern(10, 1).buffer), 'put');
      value(await store.put('a', pattern(10, 1).buffer), 'put');
      value(await store.remove('b'), 'remove');
      value(await store.settle(), 'settle');
      const names = [...value(await (await open()).list(), 'list')].sort();
      check(names.join() === 'a', `only a is listed, not ${names.join()}`);
    },
  },
  {
    title: 'a file that is absent cannot be read and counts as removed',
    async run(open) {
      const store = await open();
      const missing = await store.read('nowhere');
      check(!missing.ok && missing.error.type === 'absent', 'reading says absent');
      value(await store.remove('nowhere'), 'remove');
    },
  },
  {
    title: 'a file that was just written is young, or its age is unknown',
    async run(open) {
      const store = await open();
      value(await store.put('young', pattern(10, 1).buffer), 'put');
      const ageMs = await store.ageMs('young');
      check(ageMs === null || Math.abs(ageMs) < 60_000, `its age is not ${ageMs} ms`);
      check((await store.ageMs('nowhere')) === null, 'a file that is absent has no age');
    },
  },
  {
    title: 'many calls at once keep their files apart',
    async run(open) {
      const store = await open();
      const numbers = Array.from({ length: 30 }, (_, index) => index);
      await Promise.all(
        numbers.map(async (n) => value(await store.put(`n-${n}`, pattern(3000, n).buffer), 'put')),
      );
      await Promise.all(
        numbers.map(async (n) => {
          const bytes = value(await store.read(`n-${n}`), 'read');
          check(same(bytes, pattern(3000, n)), `file ${n} holds its own bytes`);
          if (n % 2 === 0) value(await store.remove(`n-${n}`), 'remove');
        }),
      );
      check(value(await store.list(), 'list').length === 15, 'half of them are left');
    },
  },
];

export const VANISHING_CASES: readonly VanishingCase[] = [
  {
    title:
      'a folder that was taken away under an open store is gone, and nothing begins in its place',
    async run(open, vanish) {
      const store = await open();
      value(await store.put('before', pattern(10, 1).buffer), 'put');
      await vanish();
      for (const name of ['after', 'again']) {
        const put = await store.put(name, pattern(10, 2).buffer);
        check(!put.ok && put.error.type === 'gone', `putting ${name} says that the store is gone`);
      }
      const listed = await store.list();
      check(!listed.ok && listed.error.type === 'gone', 'listing says so, too');
      const anew = await open();
      check(value(await anew.list(), 'list').length === 0, 'a later opening finds it empty');
      value(await anew.put('before', pattern(10, 3).buffer), 'put');
    },
  },
];

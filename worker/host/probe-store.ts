/**
 * Asks one store whether a database can live in it, by doing: a small file is put, read back, compared and
 * removed (`storage.md` §11). A browser may well have the folder and not the call that writes into it:
 * Safari before 26 has OPFS without `createWritable`.
 *
 * A store with files of ours in it is not written to, for those were put by the same calls. What the browser
 * does not have is `missing` at once; anything else that goes wrong is tried again, and only then `fails`.
 */
import { err } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { parseFileName } from '../store/file-names.ts';
import type { Store, StoreFailure } from '../store/files.ts';
import type { Probe } from '../store/home.ts';

const ATTEMPTS_MAX = 3;
/** A busy machine was seen to take 0.3 s for an open alone. */
const ATTEMPT_MS_MAX = 4_000;
const PAUSE_MS = 500;
/** No name of the page log: what a kill leaves of it is left alone there, and removed by the next probe. */
const PROBE_PREFIX = 'probe-';
const PROBE_BYTES = 64;

export interface Probed {
  readonly result: Probe;
  /** Null unless it answered. */
  readonly store: Store | null;
  readonly detail: string;
}

export type OpenStore = () => Promise<Result<Store, StoreFailure>>;

/** `wait` is the host's timer. */
export async function probeStore(
  open: OpenStore,
  wait: (delayMs: number) => Promise<void>,
): Promise<Probed> {
  for (let attempt = 1; ; attempt++) {
    const late = wait(ATTEMPT_MS_MAX).then(() => NO_ANSWER);
    const probed = await Promise.race([probeOnce(open), late]);
    if (probed.result !== 'fails' || attempt === ATTEMPTS_MAX) return probed;
    await wait(PAUSE_MS);
  }
}

async function probeOnce(open: OpenStore): Promise<Probed> {
  const opened = await open();
  if (!opened.ok) return failed(opened.error);
  const store = opened.value;
  const listed = await store.list();
  if (!listed.ok) return failed(listed.error);
  if (listed.value.some((name) => parseFileName(name) !== null)) {
    return { result: 'has-files', store, detail: '' };
  }
  const tried = await tryOut(store, listed.value);
  return tried.ok ? { result: 'empty', store, detail: '' } : failed(tried.error);
}

async function tryOut(store: Store, names: readonly string[]): Promise<Result<void, StoreFailure>> {
  const name = `${PROBE_PREFIX}${crypto.randomUUID()}`;
  const written = crypto.getRandomValues(new Uint8Array(PROBE_BYTES));
  const put = await store.put(name, written.buffer);
  if (!put.ok) return put;
  const read = await store.read(name);
  if (!read.ok) return read;
  const isSame =
    read.value.length === PROBE_BYTES && written.every((byte, at) => byte === read.value[at]);
  if (!isSame) return err({ type: 'broken', detail: 'what was read is not what was written' });
  for (const old of [...names.filter((other) => other.startsWith(PROBE_PREFIX)), name]) {
    const removed = await store.remove(old);
    if (!removed.ok) return removed;
  }
  return put;
}

const NO_ANSWER: Probed = { result: 'fails', store: null, detail: 'no answer' };

const failed = ({ detail }: StoreFailure): Probed => ({
  result: isMissing(detail) ? 'missing' : 'fails',
  store: null,
  detail,
});

/** How browsers say "not here": refused by a private window, or never built in. */
export const isMissing = (detail: string): boolean =>
  /^(SecurityError|NotSupportedError|TypeError|ReferenceError)/.test(detail);

/**
 * A shared worker that runs the contract of stores on the stores of this browser. Each case has a folder
 * of its own, which is removed afterwards. Built and served by `store-contract.spec.ts`.
 */
import { openIndexedDbFiles, removeIndexedDbDatabase } from '../../worker/host/indexeddb-files.ts';
import { openOpfsAsyncFiles, removeOpfsDatabase } from '../../worker/host/opfs-async-files.ts';
import type { Store } from '../../worker/store/files.ts';
import { STORE_CASES, VANISHING_CASES } from '../contract/store.contract.ts';

const STORES = {
  'opfs-async': { open: openOpfsAsyncFiles, remove: removeOpfsDatabase },
  indexeddb: { open: openIndexedDbFiles, remove: removeIndexedDbDatabase },
};

async function runCase(kind: keyof typeof STORES, title: string): Promise<string> {
  const found = [...STORE_CASES, ...VANISHING_CASES].find((one) => one.title === title);
  if (found === undefined) return 'no such case';
  const databaseName = `case-${crypto.randomUUID()}`;
  const open = async (): Promise<Store> => {
    const opened = await STORES[kind].open(databaseName);
    if (!opened.ok) throw new Error(opened.error.detail);
    return opened.value;
  };
  try {
    await found.run(open, () => STORES[kind].remove(databaseName));
    return 'holds';
  } catch (error) {
    return String(error);
  } finally {
    await STORES[kind].remove(databaseName);
  }
}

addEventListener('connect', (event) => {
  if (!(event instanceof MessageEvent)) return;
  const [port] = event.ports;
  if (port === undefined) return;
  port.addEventListener('message', ({ data }: MessageEvent<[keyof typeof STORES, string]>) => {
    void runCase(...data).then((said) => port.postMessage(said));
  });
  port.start();
});

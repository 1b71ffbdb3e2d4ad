/**
 * The owner of the local databases: one SharedWorker for all tabs of this browser profile. Where there is
 * none, one tab starts this same script as a worker of its own and hands in the ports of all tabs.
 */
import './zod-without-eval.ts';
import wasmUrl from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { aliveLockName, type Kitchen } from '../shared/rpc.ts';
import { createClosedKitchen, KitchenClosed } from './closed-kitchen.ts';
import { serveTab } from './host/comlink-tabs.ts';
import { openKitchenDirectory } from './host/kitchen-directory.ts';
import { acquireLock, acquireOwnerLock } from './host/web-locks.ts';
import { openKitchenSwitch } from './kitchen-switch.ts';
import { firstDirectory, withSetAside } from './kitchens.ts';
import { openKitchen, OWNED, removeKitchen, restoreKitchen } from './open-kitchen.ts';

declare const self: SharedWorkerGlobalScope;

const instanceId = crypto.randomUUID();
const alive = acquireLock(aliveLockName(instanceId));
const baseUrl = `${self.location.origin}/`;

async function open(): Promise<Kitchen> {
  await acquireOwnerLock(OWNED);
  return openKitchenSwitch({
    file: await openKitchenDirectory(),
    open: (databaseName, onLost, start) =>
      openKitchen({ baseUrl, databaseName, wasm: wasmUrl, stay: 'lasting', start, onLost }),
    remove: removeKitchen,
    restore: restoreKitchen,
    newName: () => `kitchen-${crypto.randomUUID()}`,
    // A worker that cannot save any more ends; its lifeline tells the tabs, which start a new one.
    onLost: () => self.close(),
  });
}

/** The files of the current kitchen stay; the next worker opens another one in its place. */
async function beginAnew(): Promise<void> {
  const file = await openKitchenDirectory();
  const directory = (await file.read()) ?? firstDirectory();
  await file.write(withSetAside(directory, `kitchen-${crypto.randomUUID()}`));
  self.close();
}

const opening = open().catch((error: unknown) => {
  if (!(error instanceof KitchenClosed)) throw error;
  return createClosedKitchen(error, beginAnew, () => self.close());
});
/** Calls that came before it failed are asked again of the next worker: this one answers none of them. */
const served = opening.catch(() => new Promise<Kitchen>(() => undefined));

/** Who was not told the name of the lifeline could not notice its end, so a tab is greeted first. */
const GREETING_MS_MAX = 5_000;
const REPLY_MS = 50;
let greet = (): void => undefined;
const greeted = new Promise<void>((resolve) => {
  greet = resolve;
});
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
opening.catch(async () => {
  await Promise.race([greeted.then(() => wait(REPLY_MS)), wait(GREETING_MS_MAX)]);
  self.close();
});

const serve = ({ ports: [port] }: MessageEvent): void => {
  // Calls wait in the port until the lifeline is held, so that `hello` never names a lock too early.
  if (port !== undefined) void alive.then(() => serveTab(port, served, instanceId, greet));
};
self.addEventListener('connect', serve);
addEventListener('message', serve);

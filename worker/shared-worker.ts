/** The owner of the local database: one SharedWorker for all tabs of this browser profile. */
import './zod-without-eval.ts';
import { aliveLockName } from '../shared/rpc.ts';
import { serveTab } from './host/comlink-tabs.ts';
import { acquireLock } from './host/web-locks.ts';
import { openKitchen } from './open-kitchen.ts';

declare const self: SharedWorkerGlobalScope;

const instanceId = crypto.randomUUID();
const alive = acquireLock(aliveLockName(instanceId));

// A worker that cannot save any more ends; its lifeline tells the tabs, which start a new one.
const opening = openKitchen({ baseUrl: `${self.location.origin}/`, onLost: () => self.close() });
opening.catch(() => self.close());

self.addEventListener('connect', (event) => {
  const [port] = event.ports;
  // Calls wait in the port until the lifeline is held, so that `hello` never names a lock too early.
  if (port !== undefined) void alive.then(() => serveTab(port, opening, instanceId));
});

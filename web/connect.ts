/**
 * Starts the worker that owns the local database and turns its port into a `Kitchen`. On this side the one
 * file that knows comlink: callbacks go over as proxies, stop functions come back as proxies, and nobody
 * else has to care.
 *
 * The tab holds the web lock `larder:tab:<id>` for as long as it lives, so that the worker can tell a tab
 * that is gone from one that is quiet.
 */
import { proxy, releaseProxy, wrap } from 'comlink';

import {
  aliveLockName,
  type Kitchen,
  type StopWatching,
  type TabPort,
  tabLockName,
} from '../shared/rpc.ts';
import { canHostInTab, reachOwner } from './host-in-tab.ts';

export type Connection =
  | { readonly type: 'connected'; readonly kitchen: Kitchen; readonly tabId: string }
  | { readonly type: 'unsupported' };

export function connect(tabId: string, onLost: (error: unknown) => void): Connection {
  if (typeof SharedWorker === 'undefined') {
    return canHostInTab() ? connectInTab(tabId, onLost) : { type: 'unsupported' };
  }
  // Chromium keeps the worker alive for a moment after the last tab closed, which lets it finish writing.
  // The bundler reads these options as text, so they stand here as a literal.
  const worker = new SharedWorker(new URL('../worker/shared-worker.ts', import.meta.url), {
    type: 'module',
    name: 'larder',
    extendedLifetime: true,
  } as WorkerOptions);
  worker.addEventListener('error', onLost);
  worker.port.start();
  // Comlink's own mapped type loses the generics of `perform` and `watch`; every method already returns a
  // promise and takes plain data, so the interface is its own remote form once callbacks are proxied.
  const remote = wrap(worker.port) as unknown as TabPort;
  sayHello(remote, tabId, onLost).catch(onLost);
  return { type: 'connected', kitchen: kitchenOver(Promise.resolve(remote)), tabId };
}

/** No SharedWorker in this browser: a tab hosts the owner, and calls wait until it is reached. */
function connectInTab(tabId: string, onLost: (error: unknown) => void): Connection {
  const startWorker = (): Worker => {
    const worker = new Worker(new URL('../worker/shared-worker.ts', import.meta.url), {
      type: 'module',
      name: 'larder',
    });
    worker.addEventListener('error', onLost);
    return worker;
  };
  const reached = reachOwner(startWorker, () => location.reload());
  const remote = reached.then((port) => wrap(port) as unknown as TabPort);
  remote.then((owner) => sayHello(owner, tabId, onLost)).catch(onLost);
  return { type: 'connected', kitchen: kitchenOver(remote), tabId };
}

/**
 * The lock is the tab's pulse: held until the tab is gone. Only once it is held may the worker hear of it,
 * because being granted the same lock is how the worker learns that this tab died. The worker's own
 * lifeline is waited for in turn: granted means that the worker ended without a word.
 */
async function sayHello(
  remote: TabPort,
  tabId: string,
  onLost: (error: unknown) => void,
): Promise<void> {
  await navigator.locks.request(tabLockName(tabId), async () => {
    const { instanceId } = await remote.hello(tabId);
    await navigator.locks.request(aliveLockName(instanceId), () =>
      onLost(new Error('the worker ended')),
    );
  });
}

/** A stop function as comlink hands it over: a proxy that must also be released. */
type RemoteStop = (() => Promise<void>) & { [releaseProxy](): void };

function kitchenOver(reached: Promise<Kitchen>): Kitchen {
  return {
    perform: async (act, args, actId) => (await reached).perform(act, args, actId),
    ask: async (query, args) => (await reached).ask(query, args),
    watch: async (query, args, onRows) =>
      releasing(await (await reached).watch(query, args, proxy(onRows))),
    watchStatus: async (onStatus) => releasing(await (await reached).watchStatus(proxy(onStatus))),
    attach: async (account, localRows) => (await reached).attach(account, localRows),
    detach: async (unsent) => (await reached).detach(unsent),
    account: async () => (await reached).account(),
    decide: async (table, id, side) => (await reached).decide(table, id, side),
    syncNow: async () => (await reached).syncNow(),
    dump: async () => (await reached).dump(),
  };
}

function releasing(stop: StopWatching): StopWatching {
  const remoteStop = stop as unknown as RemoteStop;
  return () => {
    remoteStop().then(
      () => remoteStop[releaseProxy](),
      // The worker is gone, and the watch with it.
      () => undefined,
    );
  };
}

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
import { createSteadyKitchen, type OwnerLife, type SteadyKitchen } from './steady-kitchen.ts';

export type Connection =
  | { readonly type: 'connected'; readonly kitchen: SteadyKitchen }
  | { readonly type: 'unsupported' };

/**
 * A worker that has not said hello is dead, or its script is on its way: another line is opened to ask. Who
 * answers there and not here is its successor; where nobody answers for so long, it will not get better.
 */
const ASK_AGAIN_MS = 5_000;
const ASK_TIMES_MAX = 6;

/** `onGivenUp`: no owner can be kept alive here. */
export function connect(tabId: string, onGivenUp: (error: unknown) => void): Connection {
  const hasShared = typeof SharedWorker !== 'undefined';
  if (!hasShared && !canHostInTab()) return { type: 'unsupported' };
  const kitchen = createSteadyKitchen({
    reach: () => (hasShared ? reachShared(tabId) : reachInTab(tabId)),
    onGivenUp,
    nowMs: () => performance.now(),
    pause: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
  });
  return { type: 'connected', kitchen };
}

function openShared(): SharedWorker {
  // Chromium keeps the worker alive for a moment after the last tab closed, which lets it finish writing.
  // The bundler reads these options as text, so they stand here as a literal.
  const worker = new SharedWorker(new URL('../worker/shared-worker.ts', import.meta.url), {
    type: 'module',
    name: 'larder',
    extendedLifetime: true,
  } as WorkerOptions);
  worker.port.start();
  return worker;
}

function reachShared(tabId: string): OwnerLife {
  const worker = openShared();
  const failed = new Promise<unknown>((resolve) => worker.addEventListener('error', resolve));
  const reached = Promise.resolve({ port: worker.port, letGo: () => undefined });
  return lifeOf(tabId, reached, failed, () => openShared().port);
}

/** No SharedWorker in this browser: a tab hosts the owner, and calls wait until it is reached. */
function reachInTab(tabId: string): OwnerLife {
  let fail = (_error: unknown): void => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const startWorker = (): Worker => {
    const worker = new Worker(new URL('../worker/shared-worker.ts', import.meta.url), {
      type: 'module',
      name: 'larder',
    });
    worker.addEventListener('error', fail);
    return worker;
  };
  const gone = (): void => fail(new Error('the way to the owner has ended'));
  return lifeOf(tabId, reachOwner(startWorker, gone), failed, null);
}

let lives = 0;

function lifeOf(
  tabId: string,
  reaching: Promise<{ readonly port: MessagePort; readonly letGo: () => void }>,
  failed: Promise<unknown>,
  openAnother: (() => MessagePort) | null,
): OwnerLife {
  // A name of its own: a worker that just died may stand in line for the last one a while longer.
  lives += 1;
  const lifeId = `${tabId}.${String(lives)}`;
  // Comlink's own mapped type loses the generics of `perform` and `watch`; every method already returns a
  // promise and takes plain data, so the interface is its own remote form once callbacks are proxied.
  const remote = reaching.then(({ port }) => wrap(port) as unknown as TabPort);
  const died = remote
    .then((owner) => untilDeath(owner, lifeId, failed, openAnother))
    .catch((error: unknown) => error);
  const untilEnded = async (): Promise<unknown> => {
    const reason = await Promise.race([failed, died]);
    const reached = await reaching.catch(() => null);
    reached?.port.close();
    reached?.letGo();
    return reason;
  };
  return { kitchen: kitchenOver(remote), ended: untilEnded() };
}

/**
 * The lock is the tab's pulse: held until the tab is gone. Only once it is held may the worker hear of it,
 * because being granted the same lock is how the worker learns that this tab died. The worker's own
 * lifeline is waited for in turn: granted means that the worker ended without a word.
 */
async function untilDeath(
  remote: TabPort,
  lifeId: string,
  failed: Promise<unknown>,
  openAnother: (() => MessagePort) | null,
): Promise<unknown> {
  return navigator.locks.request(tabLockName(lifeId), async () => {
    let isMet = false;
    const ended = remote.hello(lifeId).then(({ instanceId }) => {
      isMet = true;
      // Shared: a frozen tab at the head of the line would keep the news from all others.
      return navigator.locks.request(
        aliveLockName(instanceId),
        { mode: 'shared' },
        () => new Error('the worker ended'),
      );
    });
    const silent = whenSilent(lifeId, openAnother, () => isMet);
    return Promise.race([failed, silent, ended]);
  });
}

const never = new Promise<never>(() => undefined);
const wait = (ms: number): Promise<null> =>
  new Promise((resolve) => setTimeout(() => resolve(null), ms));

/** Resolves when hello was said elsewhere, or nowhere for too long; never once the worker was met. */
async function whenSilent(
  lifeId: string,
  openAnother: (() => MessagePort) | null,
  isMet: () => boolean,
): Promise<unknown> {
  for (let asked = 0; asked < ASK_TIMES_MAX; asked += 1) {
    await wait(ASK_AGAIN_MS);
    if (isMet()) return never;
    const port = openAnother?.();
    // Nobody holds a lock of that name, so the worker forgets this line as soon as it has answered.
    const another = port && (wrap(port) as unknown as TabPort).hello(`${lifeId}.${String(asked)}`);
    const answer = await Promise.race([another ?? never, wait(ASK_AGAIN_MS)]);
    port?.close();
    if (isMet()) return never;
    if (answer !== null) return new Error('another worker answers');
  }
  return new Error('the worker does not answer');
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
    wake: async () => (await reached).wake(),
    afterClearing: async (choice) => (await reached).afterClearing(choice),
    exportUnsent: async () => (await reached).exportUnsent(),
    discardUnsent: async (confirmation) => (await reached).discardUnsent(confirmation),
    exportLost: async () => (await reached).exportLost(),
    dismissLost: async () => (await reached).dismissLost(),
    handOver: async () => (await reached).handOver(),
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

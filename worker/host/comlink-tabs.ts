/**
 * Tabs come and die: the owner's side of the RPC, and on this side the one file that knows comlink.
 *
 * A tab that dies says nothing, so it holds the Web Lock `larder:tab:<tab id>` while it lives; the owner
 * waits in line for that lock, and being granted it means that the tab is gone. Then its watchers stop
 * and its port is closed. Calls that arrive before the kitchen is open wait for it.
 */
import { expose, type ProxyMarked, proxy, releaseProxy } from 'comlink';
import { type Kitchen, type StopWatching, type TabPort, tabLockName } from '../../shared/rpc.ts';
import { whenLifelineEnds } from './web-locks.ts';

type Callback<T> = ((value: T) => void | Promise<void>) & { [releaseProxy]?: () => void };

/** Serves one tab until it dies. `instanceId` names the lifeline that this worker holds. */
export function serveTab(
  port: MessagePort,
  opening: Promise<Kitchen>,
  instanceId: string,
  onHello: () => void,
): void {
  const watching = new Set<StopWatching>();
  let isGone = false;

  const watch = async <T>(
    start: (kitchen: Kitchen, push: (value: T) => void) => Promise<StopWatching>,
    callback: Callback<T>,
  ): Promise<StopWatching & ProxyMarked> => {
    const stop = await start(await opening, (value) => void callback(value));
    const stopAndForget = () => {
      if (!watching.delete(stopAndForget)) return;
      stop();
      callback[releaseProxy]?.();
    };
    watching.add(stopAndForget);
    // It died while its watch was beginning, or waited for the kitchen to open.
    if (isGone) stopAndForget();
    return proxy(stopAndForget);
  };

  const tab: TabPort = {
    async hello(tabId) {
      whenLifelineEnds(tabLockName(tabId), () => {
        isGone = true;
        for (const stop of watching) stop();
        port.close();
      });
      onHello();
      return { instanceId };
    },
    perform: async (act, args, actId) => (await opening).perform(act, args, actId),
    ask: async (query, args) => (await opening).ask(query, args),
    watch: (query, args, onRows) =>
      watch((kitchen, push) => kitchen.watch(query, args, push), onRows),
    watchStatus: (onStatus) => watch((kitchen, push) => kitchen.watchStatus(push), onStatus),
    attach: async (account, localRows) => (await opening).attach(account, localRows),
    detach: async (unsent) => (await opening).detach(unsent),
    account: async () => (await opening).account(),
    decide: async (table, id, side) => (await opening).decide(table, id, side),
    syncNow: async () => (await opening).syncNow(),
    wake: async () => (await opening).wake(),
    afterClearing: async (choice) => (await opening).afterClearing(choice),
    exportUnsent: async () => (await opening).exportUnsent(),
    discardUnsent: async (confirmation) => (await opening).discardUnsent(confirmation),
    exportLost: async () => (await opening).exportLost(),
    dismissLost: async () => (await opening).dismissLost(),
    handOver: async () => (await opening).handOver(),
    dump: async () => (await opening).dump(),
  };
  expose(tab, port);
}

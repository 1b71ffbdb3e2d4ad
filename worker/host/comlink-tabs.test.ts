/** Tabs that come and die while the kitchen is still being opened, over real ports. */
import { proxy, wrap } from 'comlink';
import { afterEach, expect, test, vi } from 'vitest';
import { type Kitchen, type TabPort, tabLockName } from '../../shared/rpc.ts';
import { serveTab } from './comlink-tabs.ts';

/** One lock, held by the tab; whoever asks for it is granted it when the tab is gone. */
function plantTabLock() {
  const granted: (() => void)[] = [];
  const request = (name: string, _options: unknown, work: () => Promise<void>): Promise<void> => {
    expect(name).toBe(tabLockName('tab'));
    return new Promise<void>((resolve) => granted.push(resolve)).then(work);
  };
  vi.stubGlobal('navigator', { locks: { request } });
  return () => {
    for (const grant of granted.splice(0)) grant();
  };
}

afterEach(() => vi.unstubAllGlobals());

/** Messages of ports need turns of the event loop. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns++) await new Promise((resolve) => setImmediate(resolve));
}

test('[TABS-522] a tab that died before the kitchen was open leaves no watch behind', async () => {
  const tabDies = plantTabLock();
  let begun = 0;
  let watching = 0;
  const watch = (): Promise<() => void> => {
    begun += 1;
    watching += 1;
    return Promise.resolve(() => {
      watching -= 1;
    });
  };
  const kitchen = { watch, watchStatus: watch } as unknown as Kitchen;
  let open = (_kitchen: Kitchen): void => undefined;
  const opening = new Promise<Kitchen>((resolve) => {
    open = resolve;
  });
  const [dead, living] = [new MessageChannel(), new MessageChannel()];
  serveTab(dead.port1, opening, 'worker', () => undefined);
  serveTab(living.port1, opening, 'worker', () => undefined);

  const tab = wrap(dead.port2) as unknown as TabPort;
  await tab.hello('tab');
  void tab.watchStatus(proxy(() => undefined));
  void tab.watch(
    'list',
    { storeId: null },
    proxy(() => undefined),
  );
  const other = wrap(living.port2) as unknown as TabPort;
  const stop = other.watchStatus(proxy(() => undefined));
  await settle();
  tabDies();
  await settle();
  open(kitchen);
  await settle();
  expect(begun).toBeGreaterThan(0);
  expect(watching, 'that of the other tab').toBe(1);
  (await stop)();
  await settle();
  expect(watching).toBe(0);
  for (const { port1, port2 } of [dead, living]) {
    port1.close();
    port2.close();
  }
});

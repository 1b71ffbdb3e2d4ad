/**
 * What is unsent reaches the household with no tab open: the service worker becomes the owner for a moment
 * and runs the same engine. The browser's own decision to fire the event is replaced by the developer
 * protocol; everything after it is real.
 */
import { SYNC_TAG } from '../../shared/rpc.ts';
import { controlServiceWorker, endSharedWorkers } from './browser-faults.ts';
import { expect, newPerson, signUp, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

test('[OPS-160] an unsent edit is sent by the service worker when no tab is open', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.shellStored();
  const worker = await controlServiceWorker(phone.context, phone.proxy.url);

  phone.proxy.cut();
  await tab.perform('list.add', { entries: [line('Sent while nobody looked')] });
  await expect.poll(async () => (await tab.status()).phase).toBe('offline');
  await tab.page.close();
  await endSharedWorkers(phone.context, phone.proxy.url);
  expect((await serverDump(ana))['list_items']).toEqual([]);
  phone.proxy.heal();

  const titles = async () => (await serverDump(ana))['list_items']?.map((row) => row['title']);
  // Again while it fails, as the browser would: a worker that was ended may hold its lock a while longer.
  await expect(async () => {
    await worker.dispatchSync(SYNC_TAG);
    await expect.poll(titles, { timeout: 10_000 }).toEqual(['Sent while nobody looked']);
  }).toPass();

  // The next tab finds it sent, and nothing is sent twice.
  const again = await phone.openTab();
  await again.settled();
  expect(await again.dump()).toEqual(await serverDump(ana));
});

test('[OPS-161] a sync event with a tab open leaves the database to the tab, and a tab that opens meanwhile gets it', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.shellStored();
  const worker = await controlServiceWorker(phone.context, phone.proxy.url);

  await worker.dispatchSync(SYNC_TAG);
  await tab.perform('list.add', { entries: [line('Milk')] });
  await worker.dispatchSync(SYNC_TAG);
  await tab.perform('list.add', { entries: [line('Eggs')] });
  await tab.settled();
  expect(await tab.dump()).toEqual(await serverDump(ana));

  // Closed with something unsent; then event and tab at the same moment, on a network that answers.
  phone.proxy.cut();
  await tab.perform('list.add', { entries: [line('Flour')] });
  await tab.page.close();
  await endSharedWorkers(phone.context, phone.proxy.url);
  phone.proxy.heal();
  await worker.dispatchSync(SYNC_TAG);
  const again = await phone.openTab();
  await again.perform('list.add', { entries: [line('Salt')] });
  await again.settled();
  const server = await serverDump(ana);
  expect(await again.dump()).toEqual(server);
  expect(server['list_items']?.map((row) => row['title']).sort(byText)).toEqual([
    'Eggs',
    'Flour',
    'Milk',
    'Salt',
  ]);
});

test('[OPS-162] a sync event of a kitchen without a household ends without a word', async ({
  device,
}) => {
  const phone = await device();
  const tab = await phone.openTab();
  await tab.perform('list.add', { entries: [line('Only here')] });
  await tab.shellStored();
  const worker = await controlServiceWorker(phone.context, phone.proxy.url);
  const before = await tab.dump();
  await tab.page.close();
  await endSharedWorkers(phone.context, phone.proxy.url);
  await worker.dispatchSync(SYNC_TAG);
  const again = await phone.openTab();
  expect(await again.dump()).toEqual(before);
});

test('[OPS-200] a service worker that is stopped in the middle of sending has lost nothing, and nothing is sent twice', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await phone.goOffline();
  const worker = await controlServiceWorker(phone.context, phone.proxy.url);
  await tab.perform('list.add', { entries: [line('Sent once')] });
  await tab.page.close();
  await endSharedWorkers(phone.context, phone.proxy.url);

  // Its commit is on the server, the answer is not here, and the worker is gone.
  const committed = phone.proxy.swallowAnswerTo(
    /^POST \/sync\/(push|push-sessions\/[^/]+\/commit) /,
  );
  phone.proxy.heal();
  let isCommitted = false;
  void committed.then(() => {
    isCommitted = true;
    return undefined;
  });
  // Again while it fails, as the browser would: the worker that was ended may hold its lock a while longer.
  await expect(async () => {
    await worker.dispatchSync(SYNC_TAG);
    await expect.poll(() => isCommitted, { intervals: [20], timeout: 10_000 }).toBe(true);
  }).toPass();
  await worker.stop();
  const titles = async () => (await serverDump(ana))['list_items']?.map((row) => row['title']);
  expect(await titles()).toEqual(['Sent once']);

  await worker.dispatchSync(SYNC_TAG);
  const again = await phone.openTab();
  await again.settled();
  expect(await titles()).toEqual(['Sent once']);
  expect(await again.dump()).toEqual(await serverDump(ana));
});

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

/** One database per household and one that needs no account: nobody's rows are lost, mixed or shown to others. */
import { sampleIdPrefix } from '../../shared/domain/samples.ts';
import { expect, newPerson, type Person, signIn, signUp, type Tab, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

test('[CONN-50] things kept apart at sign-in stay on the device and come back after signing out', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  await withHousehold(await device(), ana, 'From the household');

  const phone = await device();
  const [tab, other] = [await phone.openTab(), await phone.openTab()];
  await tab.perform('list.add', { entries: [line('Only on this phone')] });
  await fillSignIn(tab, ana);
  await tab.page.getByRole('button', { name: 'Keep them apart on this device' }).click();
  await tab.page.waitForURL((url) => url.pathname !== '/sign-in');
  await tab.settled();
  for (const seen of [tab, other]) {
    await expect(seen.page.getByText('From the household', { exact: true })).toBeVisible();
    await expect(seen.page.getByText('Only on this phone')).toHaveCount(0);
    expect(await titles(seen)).toEqual(['From the household']);
  }
  expect(await tab.dump()).toEqual(await serverDump(ana));

  await signOut(tab, 'Sign out');
  for (const seen of [tab, other]) {
    await expect(seen.page.getByText('Only on this phone', { exact: true })).toBeVisible();
    await expect.poll(() => titles(seen)).toEqual(['Only on this phone']);
  }
  await expect.poll(async () => (await tab.status()).phase).toBe('local-only');
  expect((await serverDump(ana))['list_items']).toHaveLength(1);

  // Signed in again, this time together: nothing of either side is missing or twice.
  await signIn(tab, ana);
  await expect.poll(() => titles(tab)).toEqual(['From the household', 'Only on this phone']);
  expect(await tab.dump()).toEqual(await serverDump(ana));
});

test('[CONN-51] work that was locked at sign-out is kept, said, and sent once after the next sign-in', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Sent before')] });
  await tab.settled();

  await phone.goOffline();
  await tab.perform('list.add', { entries: [line('Locked in')] });
  await expect.poll(async () => (await tab.status()).phase).toBe('offline');
  await signOut(tab, 'Sign out, keep them locked on this device');
  await expect.poll(() => titles(tab)).toEqual([]);
  await expect
    .poll(async () => (await tab.status()).sealed)
    .toEqual([{ name: ana.name, acts: 1, rows: expect.any(Number) }]);
  await openSettings(tab);
  await expect(tab.page.getByText('1 change of Ana is locked on this device')).toBeVisible();

  phone.proxy.heal();
  await tab.page.goto(`${phone.proxy.url}/list`);
  await expect.poll(() => titles(tab)).toEqual([]);
  expect((await serverDump(ana))['list_items']).toHaveLength(1);
  await signIn(tab, ana);
  await expect.poll(() => titles(tab)).toEqual(['Locked in', 'Sent before']);
  const server = await serverDump(ana);
  expect(await tab.dump()).toEqual(server);
  expect(server['list_items']).toHaveLength(2);
  await expect.poll(async () => (await tab.status()).sealed).toEqual([]);
});

test('[CONN-52] another person on the same browser sees nothing of the first, in no tab', async ({
  device,
  serverDump,
}) => {
  const [ana, ben] = [newPerson('Ana'), newPerson('Ben')];
  const laptop = await device();
  const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Secret of Ana')] });
  await tab.settled();
  await expect(other.page.getByText('Secret of Ana', { exact: true })).toBeVisible();

  const draft = other.page.getByRole('textbox', { name: 'Add to the list' });
  await draft.fill('Half a word of Ana');

  // No sign-out: Ben simply signs up where Ana was.
  await signUp(tab, ben);
  for (const seen of [tab, other]) {
    await expect(seen.page.getByText('Secret of Ana')).toHaveCount(0);
    const dump = JSON.stringify(await seen.dump());
    expect(dump).not.toContain('Secret of Ana');
    const found = await seen.ask('suggest', { text: 'Secret' });
    expect(JSON.stringify(found)).not.toContain('Secret');
    expect(JSON.stringify(await seen.ask('timeline', { limit: 100 }))).not.toContain('Secret');
  }
  await expect(draft).toHaveValue('');
  await other.perform('list.add', { entries: [line('Thing of Ben')] });
  await tab.settled();
  expect((await serverDump(ben))['list_items']?.map((row) => row['title'])).toEqual([
    'Thing of Ben',
  ]);
  expect((await serverDump(ana))['list_items']?.map((row) => row['title'])).toEqual([
    'Secret of Ana',
  ]);

  // Ana comes back: her database was on the device all the time.
  await signIn(tab, ana);
  for (const seen of [tab, other]) {
    await expect.poll(() => titles(seen)).toEqual(['Secret of Ana']);
    await expect(seen.page.getByText('Thing of Ben')).toHaveCount(0);
  }
  await expect(draft).toHaveValue('Half a word of Ana');
});

test('[CONN-53] rows made without an account join a household that has locked work here, once', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await phone.goOffline();
  await tab.perform('list.add', { entries: [line('Locked in')] });
  await expect.poll(async () => (await tab.status()).phase).toBe('offline');
  await signOut(tab, 'Sign out, keep them locked on this device');
  await tab.perform('list.add', { entries: [line('Made signed out')] });
  phone.proxy.heal();
  await tab.page.goto(`${phone.proxy.url}/list`);

  await signIn(tab, ana); // adds what was made signed out
  await expect.poll(() => titles(tab)).toEqual(['Locked in', 'Made signed out']);
  const server = await serverDump(ana);
  expect(await tab.dump()).toEqual(server);
  expect(server['list_items']).toHaveLength(2);
});

test('[CONN-54] signing out with nothing unsent removes the copy from the device', async ({
  device,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Gone from here')] });
  await tab.settled();
  expect(await databases(tab)).toHaveLength(1);
  const before = await databases(tab);
  await signOut(tab, 'Sign out');
  await expect.poll(() => titles(tab)).toEqual([]);
  await expect
    .poll(async () => (await databases(tab)).filter((name) => before.includes(name)))
    .toEqual([]);
  expect(JSON.stringify(await tab.ask('timeline', { limit: 100 }))).not.toContain('Gone from here');
  await tab.page.reload();
  await expect.poll(() => titles(tab)).toEqual([]);
});

test('[CONN-345] things of this device can be saved as a file at sign-in, and only then they go', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  await withHousehold(await device(), ana, 'From the household');
  const tab = await (await device()).openTab();
  await tab.perform('list.add', { entries: [line('Only on this phone')] });
  await fillSignIn(tab, ana);
  const file = await savedFile(tab, 'Save them as a file and leave them out');
  expect(file).toContain('Only on this phone');
  // Saved is not gone: that takes the person's word.
  expect(await titles(tab)).toEqual(['Only on this phone']);
  await tab.page.getByRole('button', { name: /^The file is there/ }).click();
  await tab.page.waitForURL((url) => url.pathname !== '/sign-in');
  await tab.settled();
  await expect.poll(() => titles(tab)).toEqual(['From the household']);
  expect((await serverDump(ana))['list_items']).toHaveLength(1);
});

test('[CONN-346] unsent work can be saved as a file at sign-out, without a network', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const phone = await device();
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Sent before')] });
  await tab.settled();
  await phone.goOffline();
  await tab.perform('list.add', { entries: [line('Never sent')] });
  await expect.poll(async () => (await tab.status()).phase).toBe('offline');
  await openSettings(tab);
  await tab.page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }).click();
  const file = await savedFile(tab, 'Save them as a file and leave them out');
  expect(file).toContain('Never sent');
  expect(file).not.toContain('Sent before');
  await tab.page.getByRole('button', { name: /^The file is there/ }).click();
  await tab.page.waitForURL((url) => url.pathname === '/list');
  await expect.poll(() => titles(tab)).toEqual([]);
  phone.proxy.heal();
  expect((await serverDump(ana))['list_items']).toHaveLength(1);
});

test('[CONN-347] two people of one household work on two devices, and one after the other in one browser', async ({
  device,
  larder,
  serverDump,
}) => {
  const [ana, ben] = [newPerson('Ana'), newPerson('Ben')];
  const laptop = await device();
  const tab = await laptop.openTab();
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Of Ana')] });
  await tab.settled();
  await joinOverHttp(larder.url, ben, await inviteFrom(tab));

  const phone = await (await device()).openTab();
  await signIn(phone, ben);
  await expect.poll(() => titles(phone)).toEqual(['Of Ana']);
  await phone.perform('list.add', { entries: [line('Of Ben')] });
  await expect.poll(() => titles(tab)).toEqual(['Of Ana', 'Of Ben']);

  // Ben at the laptop, without a sign-out: what Ana had not sent yet goes out all the same, once.
  await laptop.goOffline();
  await tab.perform('list.add', { entries: [line('Of Ana, offline')] });
  const before = await databases(tab);
  laptop.proxy.heal();
  await signIn(tab, ben);
  expect(await databases(tab), 'it is the same household').toEqual(before);
  await tab.perform('list.add', { entries: [line('Of Ben, at the laptop')] });
  await tab.settled();
  const all = ['Of Ana', 'Of Ana, offline', 'Of Ben', 'Of Ben, at the laptop'];
  for (const seen of [tab, phone]) await expect.poll(() => titles(seen)).toEqual(all);
  expect(await tab.dump()).toEqual(await serverDump(ana));
  expect(await phone.dump()).toEqual(await serverDump(ben));
});

test('[CONN-348] an account that moved to another household opens that one, and its earlier work stays apart', async ({
  device,
  serverDump,
}) => {
  const [ana, ben] = [newPerson('Ana'), newPerson('Ben')];
  const laptop = await (await device()).openTab();
  await signUp(laptop, ana);
  await laptop.perform('list.add', { entries: [line('Of Ana')] });
  await laptop.settled();
  const phone = await (await device()).openTab();
  await signUp(phone, ben);
  await phone.perform('list.add', { entries: [line('Of Ben alone')] });
  await phone.settled();

  const code = await inviteFrom(laptop);
  const joined = await phone.page.evaluate(
    async (body) =>
      (
        await fetch('/api/household/join', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).status,
    JSON.stringify({ code }),
  );
  expect(joined).toBe(200);
  // What is written now was meant for the household that the device has open.
  await phone.perform('list.add', { entries: [line('Not sent')] });
  await expect.poll(async () => (await phone.status()).phase).toBe('signed-out');
  expect(await titles(phone)).toEqual(['Not sent', 'Of Ben alone']);

  await signIn(phone, ben);
  await expect.poll(() => titles(phone)).toEqual(['Of Ana']);
  expect(await phone.dump()).toEqual(await serverDump(ben));
  expect((await phone.status()).sealed).toEqual([
    { name: ben.name, acts: 1, rows: expect.any(Number) },
  ]);
  await laptop.settled();
  expect(await titles(laptop)).toEqual(['Of Ana']);
});

const inviteFrom = (tab: Tab): Promise<string> =>
  tab.page.evaluate(async () => {
    const answer = await fetch('/api/household/invites', { method: 'POST' });
    return ((await answer.json()) as { readonly code: string }).code;
  });

/** An account that is made and then let into a household, with no device yet. */
async function joinOverHttp(url: string, person: Person, code: string): Promise<void> {
  const headers = { 'content-type': 'application/json', origin: url };
  const post = (path: string, cookie: string, body: unknown): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify(body),
    });
  const made = await post('/api/auth/sign-up/email', '', person);
  const cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const joined = await post('/api/household/join', cookie, { code });
  expect(joined.status).toBe(200);
}

/** The text of the file that the browser is given. */
async function savedFile(tab: Tab, words: string): Promise<string> {
  const download = tab.page.waitForEvent('download');
  await tab.page.getByRole('button', { name: words }).click();
  const stream = await (await download).createReadStream();
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

async function withHousehold(
  laptop: { openTab(): Promise<Tab> },
  person: Person,
  title: string,
): Promise<void> {
  const tab = await laptop.openTab();
  await signUp(tab, person);
  await tab.perform('list.add', { entries: [line(title)] });
  await tab.settled();
}

async function fillSignIn(tab: Tab, person: Person): Promise<void> {
  const { page } = tab;
  await page.goto(new URL('/sign-in', page.url()).href);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function openSettings(tab: Tab): Promise<void> {
  await tab.page.goto(new URL('/settings', tab.page.url()).href);
}

async function signOut(tab: Tab, words: string): Promise<void> {
  const { page } = tab;
  await openSettings(tab);
  await page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: words, exact: true }).click();
  await page.waitForURL((url) => url.pathname === '/list');
}

/** Titles on the list in order, without the samples of a first start. */
async function titles(tab: Tab): Promise<string[]> {
  const rows = (await tab.dump())['list_items'] ?? [];
  return rows
    .filter((row) => !String(row['id']).startsWith(sampleIdPrefix))
    .map((row) => String(row['title']))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Folders of databases in the origin's private file system. */
async function databases(tab: Tab): Promise<string[]> {
  return tab.page.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('larder');
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    return names;
  });
}

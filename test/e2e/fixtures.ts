/**
 * A world for one journey: a running server, and devices that reach it through a proxy of their own.
 * A device is a browser context (its own storage and session); its tabs are pages.
 */
import { createRequire } from 'node:module';
import {
  type Browser,
  type BrowserContext,
  type Page,
  test as base,
  expect,
} from '@playwright/test';
import postgres from 'postgres';
import type { ActArgs, ActName } from '../../shared/acts/acts.ts';
import type { QueryArgs, QueryName, QueryRows } from '../../shared/queries.ts';
import type { SyncStatus } from '../../shared/status.ts';
import { installProbe, type ProbeWindow } from './probe.ts';
import { startProxy, type Proxy } from './proxy.ts';
import { dumpHousehold, type Dump } from './server-dump.ts';
import { startLarder, type RunningLarder } from './server.ts';

const comlinkPath = createRequire(import.meta.url).resolve('comlink/dist/umd/comlink.js');

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

let people = 0;
/** Somebody new, so that journeys never meet on one server. */
export function newPerson(name = 'Ana'): Person {
  people += 1;
  const email = `${name.toLowerCase()}-${process.pid}-${Date.now()}-${people}@example.test`;
  return { name, email, password: 'a long enough password' };
}

/** One tab, driven through its page or through a port of its own to the device's worker. */
export class Tab {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  /** Performs an act as a tab would; resolves when it is on disk. */
  async perform<A extends ActName>(act: A, args: ActArgs[A], actId = crypto.randomUUID()) {
    const outcome = await this.tryPerform(act, args, actId);
    expect(outcome, `${act} is accepted`).toMatchObject({ ok: true });
  }

  /** The same where it may be refused. */
  async tryPerform<A extends ActName>(act: A, args: ActArgs[A], actId = crypto.randomUUID()) {
    await this.connected();
    return this.page.evaluate(
      ([name, given, id]) => (window as unknown as ProbeWindow).probe.perform(name, given, id),
      [act, args, actId] as const,
    );
  }

  async ask<Q extends QueryName>(query: Q, args: QueryArgs<Q>): Promise<QueryRows<Q>> {
    await this.connected();
    return (await this.page.evaluate(
      ([name, given]) => (window as unknown as ProbeWindow).probe.ask(name, given),
      [query, args] as const,
    )) as QueryRows<Q>;
  }

  /** Keeps every answer of a live query from now on. */
  async sample<Q extends QueryName>(query: Q, args: QueryArgs<Q>): Promise<void> {
    await this.connected();
    await this.page.evaluate(
      ([name, given]) => (window as unknown as ProbeWindow).probe.sample(name, given),
      [query, args] as const,
    );
  }

  async samples<Q extends QueryName>(query: Q): Promise<QueryRows<Q>[]> {
    return (await this.page.evaluate(
      (name) => (window as unknown as ProbeWindow).probe.samples(name),
      query,
    )) as QueryRows<Q>[];
  }

  async status(): Promise<SyncStatus> {
    await this.connected();
    return (await this.page.evaluate(() =>
      (window as unknown as ProbeWindow).probe.status(),
    )) as SyncStatus;
  }

  /** The synced tables as the device holds them, rows ordered by id. */
  async dump(): Promise<Dump> {
    await this.connected();
    const text = await this.page.evaluate(() => (window as unknown as ProbeWindow).probe.dump());
    return JSON.parse(text) as Dump;
  }

  /** Everything this device had to say was answered, and nothing newer is known. */
  async settled(timeout = 60_000): Promise<void> {
    const summary = async () => {
      const { phase, unsent } = await this.status();
      return { phase, unsent: unsent.rows };
    };
    await expect.poll(summary, { timeout }).toEqual({ phase: 'idle', unsent: 0 });
  }

  /** From now on the app opens without a network. */
  async shellStored(): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready);
  }

  private async connected(): Promise<void> {
    await this.page.evaluate(() => (window as unknown as ProbeWindow).probe.connected());
  }
}

export class Device {
  readonly context: BrowserContext;
  readonly proxy: Proxy;

  constructor(context: BrowserContext, proxy: Proxy) {
    this.context = context;
    this.proxy = proxy;
  }

  async openTab(path = '/list'): Promise<Tab> {
    const page = await this.context.newPage();
    await page.goto(this.proxy.url + path);
    return new Tab(page);
  }

  /** Its tabs; a context may serve several devices. */
  private pages(): Page[] {
    return this.context.pages().filter((page) => page.url().startsWith(this.proxy.url));
  }

  /** The network goes away as late as a person can count on: with the shell stored. */
  async goOffline(): Promise<void> {
    const [page] = this.pages();
    if (page !== undefined) await new Tab(page).shellStored();
    this.proxy.cut();
  }

  /** Closes every tab; storage stays, as when a browser is closed and opened again. */
  async closeTabs(): Promise<void> {
    for (const page of this.pages()) await page.close();
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.proxy.close();
  }
}

export async function prepareContext(context: BrowserContext): Promise<void> {
  await context.addInitScript({ path: comlinkPath });
  await context.addInitScript(installProbe);
}

/** A device of its own, not signed in. */
export async function newDevice(
  browser: Browser,
  larder: RunningLarder,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Device> {
  const proxy = await startProxy(larder.url);
  const context = await browser.newContext(options);
  await prepareContext(context);
  return new Device(context, proxy);
}

export async function signUp(tab: Tab, person: Person): Promise<void> {
  await visitAccount(tab, person, 'sign-up');
}

export async function signIn(tab: Tab, person: Person): Promise<void> {
  await visitAccount(tab, person, 'sign-in');
}

/** Through the screens, as a person would. */
async function visitAccount(tab: Tab, person: Person, mode: 'sign-up' | 'sign-in'): Promise<void> {
  const { page } = tab;
  await page.goto(new URL('/sign-in', page.url()).href);
  if (mode === 'sign-up') {
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Your name').fill(person.name);
  }
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page
    .getByRole('button', { name: mode === 'sign-up' ? 'Sign up' : 'Sign in', exact: true })
    .click();
  // A device that holds things of its own is asked whether they come along.
  const join = page.getByRole('button', { name: /^Add my \d+ / });
  const signedIn = page.waitForURL((url) => url.pathname !== '/sign-in').then(() => 'signed-in');
  const asked = join.waitFor().then(() => 'asked');
  if ((await Promise.race([signedIn, asked])) === 'asked') await join.click();
  asked.catch(() => undefined);
  await signedIn;
  await tab.settled();
}

/** A laptop and a phone of one person, one tab each, signed in and settled. */
export async function twoDevices(device: () => Promise<Device>) {
  const ana = newPerson('Ana');
  const [laptop, phone] = [await device(), await device()];
  const laptopTab = await laptop.openTab();
  await signUp(laptopTab, ana);
  const phoneTab = await phone.openTab();
  await signIn(phoneTab, ana);
  return { ana, laptop, phone, laptopTab, phoneTab };
}

/** Everything that one device had to say has arrived on the other. */
export async function sameCheckpoint(from: Tab, to: Tab): Promise<void> {
  await from.settled();
  const { checkpoint } = await from.status();
  await expect.poll(async () => (await to.status()).checkpoint).toBeGreaterThanOrEqual(checkpoint);
  await to.settled();
}

export interface World {
  readonly larder: RunningLarder;
  readonly device: () => Promise<Device>;
  /** The household's rows as Postgres holds them, in the form of `Tab.dump`. */
  readonly serverDump: (person: Person) => Promise<Dump>;
}

export const test = base.extend<World, { sharedLarder: RunningLarder }>({
  sharedLarder: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const larder = await startLarder();
      await use(larder);
      await larder.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  larder: async ({ sharedLarder }, use) => {
    await use(sharedLarder);
  },
  device: async ({ browser, larder }, use) => {
    const devices: Device[] = [];
    await use(async () => {
      const device = await newDevice(browser, larder);
      devices.push(device);
      return device;
    });
    for (const device of devices) await device.close();
  },
  serverDump: async ({ larder }, use) => {
    const sql = postgres(larder.databaseUrl, { max: 1 });
    await use((person) => dumpHousehold(sql, person.email));
    await sql.end();
  },
});

export { expect };
export type { Dump };

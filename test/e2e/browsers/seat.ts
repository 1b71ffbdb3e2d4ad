/**
 * A browser in which the app is open, for the conformance journey: the screens by their labels, and the
 * device's worker by a port of its own, opened as a second tab would open it (`probe.ts`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { SyncStatus } from '../../../shared/status.ts';
import type { Person } from '../fixtures.ts';
import { line } from '../kitchen-data.ts';
import { installProbe, type ProbeWindow } from '../probe.ts';
import type { Dump } from '../server-dump.ts';
import { type BrowserDriver, type OpenBrowser, waitFor } from './browser-driver.ts';

const comlink = readFileSync(
  createRequire(import.meta.url).resolve('comlink/dist/umd/comlink.js'),
  'utf8',
);

/** The worker of the build under test; its address changes with its content. */
function findWorker(): string {
  const assets = join(import.meta.dirname, '../../../dist/app/assets');
  const name = readdirSync(assets).find((file) => /^shared-worker-.*\.js$/.test(file));
  if (name === undefined) throw new Error('the app is not built');
  return `/assets/${name}`;
}

/** On a busy machine a first start takes WebKitGTK 8 s. */
const PATIENCE_MS = 60_000;

export type Seat = Awaited<ReturnType<typeof openSeat>>;

export async function openSeat(driver: BrowserDriver, profile: string, url: string) {
  const browser = await driver.launch(profile);
  const evaluate: OpenBrowser['evaluate'] = (work, ...given) => browser.evaluate(work, ...given);

  /** After every load of the page; the probe lives in it. */
  async function visit(): Promise<void> {
    await browser.goto(`${url}/list`);
    await browser.runScript(comlink);
    await evaluate(installProbe);
    await evaluate((worker) => {
      // As in `web/connect.ts`: other options would be another worker. The probe keeps the port.
      const options = { type: 'module', name: 'larder', extendedLifetime: true };
      void new SharedWorker(worker, options as WorkerOptions);
    }, findWorker());
  }

  const status = async (): Promise<SyncStatus> =>
    (await evaluate(() => (window as unknown as ProbeWindow).probe.status())) as SyncStatus;

  /** Asks the page until it says yes. */
  async function until<A extends unknown[]>(
    what: string,
    isSo: (...given: A) => boolean,
    ...given: A
  ): Promise<void> {
    await waitFor(
      () => what,
      async () => ((await evaluate(isSo, ...given)) ? true : null),
      PATIENCE_MS,
    );
  }

  try {
    await visit();
    await status();
  } catch (error) {
    await browser.kill();
    throw error;
  }

  return {
    version: browser.version,
    kill: () => browser.kill(),
    screenshot: () => browser.screenshot(),
    status,

    /** Resolves when it is on disk. */
    async add(title: string): Promise<void> {
      const outcome = await evaluate(
        (entry, id) =>
          (window as unknown as ProbeWindow).probe.perform('list.add', { entries: [entry] }, id),
        line(title),
        crypto.randomUUID(),
      );
      if (!outcome.ok) throw new Error(`not added: ${JSON.stringify(outcome)}`);
    },

    dump: async (): Promise<Dump> =>
      JSON.parse(await evaluate(() => (window as unknown as ProbeWindow).probe.dump())) as Dump,

    /** The screen itself, not the worker's answer. */
    shows: (text: string) =>
      until(
        text,
        (wanted) => document.querySelector('main')?.innerText.includes(wanted) === true,
        text,
      ),

    /** Everything this device had to say was answered. */
    settled: () =>
      waitFor(
        () => 'nothing unsent',
        async () => {
          const { phase, unsent } = await status();
          return phase === 'idle' && unsent.rows === 0 ? true : null;
        },
        PATIENCE_MS,
      ),

    async isSignedIn(): Promise<boolean> {
      return evaluate(async () => (await fetch('/api/me')).ok);
    },

    /** The store of the database, from the marker that the app wrote for itself. */
    home: () =>
      evaluate(async () => {
        const opened = indexedDB.open('larder-homes');
        await new Promise((resolve) => opened.addEventListener('success', resolve));
        const asked = opened.result.transaction('markers').objectStore('markers').getAll();
        await new Promise((resolve) => asked.addEventListener('success', resolve));
        opened.result.close();
        return (asked.result as { readonly store: string }[]).map(({ store }) => store).join();
      }),

    /** Through the form, as a person would. */
    async enterAccount(mode: 'sign-up' | 'sign-in', person: Person): Promise<void> {
      // Without loading anew, which would end the worker of a lone tab outside of Chromium.
      await evaluate(() => history.pushState(null, '', '/sign-in'));
      await until('the form', () => document.querySelector('form input[type="password"]') !== null);
      await evaluate(fillForm, mode, person.name, person.email, person.password);
      await until('an account', () => location.pathname !== '/sign-in');
    },
  };
}

/** Runs in the page. React listens to what a person's keys would cause. */
async function fillForm(
  mode: 'sign-up' | 'sign-in',
  name: string,
  email: string,
  password: string,
): Promise<void> {
  /** What React does about an event is done before the next task. */
  const rendered = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve));
  const type = async (selector: string, text: string): Promise<void> => {
    const field = document.querySelector<HTMLInputElement>(selector);
    if (field === null) throw new Error(`no field ${selector}`);
    // React overrides the property of the element; the one of its class is what typing would use.
    Reflect.set(HTMLInputElement.prototype, 'value', text, field);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await rendered();
  };
  if (mode === 'sign-up') {
    const buttons = [...document.querySelectorAll('main button')] as HTMLButtonElement[];
    buttons.find(({ textContent }) => textContent.includes('Create an account'))?.click();
    await rendered();
    await type('form input[autocomplete="name"]', name);
  }
  await type('form input[type="email"]', email);
  await type('form input[type="password"]', password);
  document.querySelector<HTMLFormElement>('main form')?.requestSubmit();
}

/**
 * How long a person waits: a local write until it is on disk, and an edit until another device shows it.
 * Printed, never asserted. The reference beside each is the bare thing: one small OPFS file, and one
 * round trip to the server's health endpoint, in the same run and the same browser.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Tab, test, twoDevices } from '../e2e/fixtures.ts';
import type { ProbeWindow } from '../e2e/probe.ts';
import { report, reportOne } from './harness.ts';

const EDITS = Number(process.env['EDITS'] ?? 150);
const ACROSS = Number(process.env['ACROSS'] ?? 40);
const WARM_UP = 8;

test('a local write until it is on disk', async ({ device }) => {
  const laptop = await device();
  const tab = await laptop.openTab();
  await tab.status();
  report({ name: 'OPFS put of 4 KB', unit: 'ms' }, await opfsPuts(tab));
  const id = await addLine(tab);
  report(
    {
      name: 'edit acknowledged, a moment between edits',
      unit: 'ms',
      reference: 'OPFS put of 4 KB',
    },
    await acknowledgedWrites(tab, id, 50, 120),
  );
  report(
    { name: 'edit acknowledged, one after the other', unit: 'ms', reference: 'OPFS put of 4 KB' },
    await acknowledgedWrites(tab, id, EDITS, 0),
  );
  // Nothing on screen reads what is written: what is left is the worker and the way to it.
  const settings = await laptop.openTab('/settings');
  await settings.status();
  await tab.page.close();
  report(
    { name: 'edit acknowledged, no list on screen', unit: 'ms', reference: 'OPFS put of 4 KB' },
    await acknowledgedWrites(settings, id, EDITS, 0),
  );
});

test('an edit until another tab of the device shows it', async ({ device }) => {
  const laptop = await device();
  const [from, to] = [await laptop.openTab(), await laptop.openTab()];
  await to.page.bringToFront();
  await to.status();
  const { painted } = await editsAcross(from, to, null);
  report(
    { name: 'edit shown in another tab', unit: 'ms', target: 'p95 < 16 after the commit' },
    painted,
  );
});

test('an edit until the other device shows it', async ({ device }) => {
  const { laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
  report({ name: 'health round trip', unit: 'ms' }, await roundTrips(laptopTab));
  const marks: Mark[] = [];
  laptop.proxy.tap((direction, piece) => mark(marks, `laptop ${direction}`, piece));
  phone.proxy.tap((direction, piece) => mark(marks, `phone ${direction}`, piece));
  const { painted, steps } = await editsAcross(laptopTab, phoneTab, marks);
  for (const [name, values] of steps) report({ name: `· ${name}`, unit: 'ms' }, values);
  report(
    { name: 'edit shown on the other device', unit: 'ms', reference: 'health round trip' },
    painted,
  );
  report(
    { name: 'requests of both devices per edit', unit: 'count', target: '2' },
    steps.get('acknowledged')?.map(() => requestsOf(marks) / (ACROSS + WARM_UP)) ?? [],
  );
});

test('what the first visit downloads', () => {
  const app = join(import.meta.dirname, '../../dist/app');
  const page = readFileSync(join(app, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].flatMap(
    ([, path]) => path ?? [],
  );
  const worker = readdirSync(join(app, 'assets'))
    .filter((name) => /^shared-worker|\.wasm$/.test(name))
    .map((name) => `assets/${name}`);
  const paths = ['index.html', ...named, ...worker];
  const gzipped = (isPart: (path: string) => boolean): number =>
    paths
      .filter(isPart)
      .reduce((sum, path) => sum + gzipSync(readFileSync(join(app, path))).length / 1024, 0);
  const isWorker = (path: string): boolean => path.includes('shared-worker');
  const say = (what: string, target: string | null, isPart: (path: string) => boolean): void =>
    reportOne(
      {
        name: `first download, gzip: ${what}`,
        unit: 'KB',
        ...(target === null ? {} : { target }),
      },
      gzipped(isPart),
    );
  say('scripts of the page', '≤ 200', (path) => path.endsWith('.js') && !isWorker(path));
  say('styles', '≤ 20', (path) => path.endsWith('.css'));
  say('shared worker', null, isWorker);
  say('SQLite', null, (path) => path.endsWith('.wasm'));
  say('all of it', null, () => true);
});

interface Mark {
  readonly what: string;
  readonly atMs: number;
}

const nowMs = () => performance.timeOrigin + performance.now();

/** What a piece of traffic is: the first line of a request, the first hint of a stream, or an answer. */
function mark(marks: Mark[], who: string, piece: Buffer): void {
  const text = piece.subarray(0, 600).toString('latin1');
  const request = /^(?:GET|POST|DELETE) (\/[\w/-]+)/.exec(text)?.[1];
  const what =
    request ?? (text.includes('event: bundle') ? 'hint' : text.startsWith('HTTP/1') && 'answer');
  if (what !== false) marks.push({ what: `${who} ${what}`, atMs: nowMs() });
}

const requestsOf = (marks: readonly Mark[]): number =>
  marks.filter(({ what }) => what.includes(' request ')).length;

/** One line of a short list, edited again and again: what is measured does not grow. */
async function addLine(tab: Tab): Promise<string> {
  const entry = { title: 'Milk', quantityMilli: 1000, unit: 'l', note: null, storeName: null };
  await tab.perform('list.add', { entries: [entry] });
  const lines = (await tab.dump())['list_items'] ?? [];
  return String(lines.find(({ title }) => title === 'Milk')?.['id']);
}

function acknowledgedWrites(
  tab: Tab,
  id: string,
  count: number,
  pauseMs: number,
): Promise<number[]> {
  return tab.page.evaluate(
    async ([line, edits, pause]) => {
      const { probe } = window as unknown as ProbeWindow;
      const times: number[] = [];
      for (let n = 0; n < edits; n++) {
        const args = { id: line, quantityMilli: 1000 + (n % 50) };
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        const begun = performance.now();
        await probe.perform('list.edit', args, crypto.randomUUID());
        times.push(performance.now() - begun);
      }
      return times.slice(10);
    },
    [id, count, pauseMs] as const,
  );
}

function opfsPuts(tab: Tab): Promise<number[]> {
  return tab.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('bench', { create: true });
    const bytes = new Uint8Array(4096).fill(7);
    const times: number[] = [];
    for (let n = 0; n < 110; n++) {
      const begun = performance.now();
      const file = await folder.getFileHandle(`put-${n}`, { create: true });
      const stream = await file.createWritable();
      await stream.write(bytes);
      await stream.close();
      times.push(performance.now() - begun);
    }
    await root.removeEntry('bench', { recursive: true });
    return times.slice(10);
  });
}

function roundTrips(tab: Tab): Promise<number[]> {
  return tab.page.evaluate(async () => {
    const times: number[] = [];
    for (let n = 0; n < 60; n++) {
      const begun = performance.now();
      await (await fetch('/health', { cache: 'no-store' })).text();
      times.push(performance.now() - begun);
    }
    return times.slice(10);
  });
}

/** Resolves with the time at which the text was in the page and a frame had been made of it. */
function painting(tab: Tab, text: string): Promise<number> {
  return tab.page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const observer = new MutationObserver(() => {
          if (!document.querySelector('main')?.textContent?.includes(wanted)) return;
          observer.disconnect();
          requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
        });
        observer.observe(document.body, { childList: true, subtree: true, characterData: true });
      }),
    text,
  );
}

/** The steps of the way to another device, each as the time since the call. */
const STEPS: readonly (readonly [mark: string, name: string])[] = [
  ['laptop request /sync/push', 'push leaves'],
  ['laptop answer hint', 'own hint'],
  ['laptop answer answer', 'push answered'],
  ['phone answer hint', 'hint'],
  ['phone request /sync/pull', 'pull leaves'],
  ['phone answer answer', 'pull answered'],
];

/** Pages and proxies run on one machine, so their wall clocks agree to well under a millisecond. */
async function editsAcross(from: Tab, to: Tab, marks: Mark[] | null) {
  const id = await addLine(from);
  const painted: number[] = [];
  const steps = new Map<string, number[]>([['acknowledged', []]]);
  const keep = (name: string, value: number) => {
    steps.set(name, [...(steps.get(name) ?? []), value]);
  };
  for (let n = 0; n < WARM_UP + ACROSS; n++) {
    // Also without a household: nothing of the edit before is still on its way.
    await (marks === null ? from.page.waitForTimeout(50) : from.settled());
    const seenMarks = marks?.length ?? 0;
    const arrived = painting(to, `Across ${n}.`);
    const [begunMs, ackedMs] = await from.page.evaluate(
      async ([line, text]) => {
        const { probe } = window as unknown as ProbeWindow;
        const at = () => performance.timeOrigin + performance.now();
        const begun = at();
        await probe.perform('list.edit', { id: line, title: text }, crypto.randomUUID());
        return [begun, at()] as const;
      },
      [id, `Across ${n}.`] as const,
    );
    const shownMs = await arrived;
    if (n < WARM_UP) continue;
    painted.push(shownMs - begunMs);
    keep('acknowledged', ackedMs - begunMs);
    const passed = marks?.slice(seenMarks) ?? [];
    for (const [what, name] of STEPS) {
      const found = passed.find((one) => one.what === what);
      if (found !== undefined) keep(name, found.atMs - begunMs);
    }
  }
  return { painted, steps };
}

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

const EDITS = Number(process.env['EDITS'] ?? 200);

test('a local write until it is on disk', async ({ device }) => {
  const laptop = await device();
  const tab = await laptop.openTab();
  await tab.status();
  await report('OPFS put of 4 KB (reference)', await opfsPuts(tab));
  await report('local write acknowledged', await acknowledgedWrites(tab, EDITS));
});

test('an edit until the other device shows it', async ({ device }) => {
  const { laptopTab, phoneTab } = await twoDevices(device);
  await report('health round trip (reference)', await roundTrips(laptopTab));
  await report('edit on the other device', await editsAcross(laptopTab, phoneTab));
});

test('what the first visit downloads', async () => {
  const app = join(import.meta.dirname, '../../dist/app');
  const page = readFileSync(join(app, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(
    ([, path]) => path ?? '',
  );
  const worker = readdirSync(join(app, 'assets'))
    .filter((name) => /^shared-worker|\.wasm$/.test(name))
    .map((name) => `assets/${name}`);
  for (const path of ['index.html', ...named, ...worker]) {
    console.log(
      `first download: ${path} ${kilobytes(gzipSync(readFileSync(join(app, path))).length)} gzip`,
    );
  }
});

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;

async function report(name: string, millis: number[]): Promise<void> {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  console.log(
    `${name}: p50 ${at(0.5)?.toFixed(2)} ms, p99 ${at(0.99)?.toFixed(2)} ms, n ${sorted.length}`,
  );
}

/** One line of a short list, edited again and again: what is measured does not grow. */
async function addLine(tab: Tab): Promise<string> {
  const entry = { title: 'Milk', quantityMilli: 1000, unit: 'l', note: null, storeName: null };
  await tab.perform('list.add', { entries: [entry] });
  const lines = (await tab.dump())['list_items'] ?? [];
  return String(lines.find(({ title }) => title === 'Milk')?.['id']);
}

async function acknowledgedWrites(tab: Tab, count: number): Promise<number[]> {
  const id = await addLine(tab);
  return tab.page.evaluate(
    async ([line, edits]) => {
      const { probe } = window as unknown as ProbeWindow;
      const times: number[] = [];
      for (let n = 0; n < edits; n++) {
        const args = { id: line, quantityMilli: 1000 + n };
        const begun = performance.now();
        await probe.perform('list.edit', args, crypto.randomUUID());
        times.push(performance.now() - begun);
      }
      return times.slice(10);
    },
    [id, count] as const,
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

/** Both pages run on one machine, so their wall clocks agree to well under a millisecond. */
async function editsAcross(from: Tab, to: Tab): Promise<number[]> {
  const id = await addLine(from);
  const times: number[] = [];
  for (let n = 0; n < 60; n++) {
    const title = `Across ${n}.`;
    const arrived = to.page.evaluate(
      (text) =>
        new Promise<number>((resolve) => {
          const observer = new MutationObserver(() => {
            if (!document.querySelector('main')?.textContent?.includes(text)) return;
            observer.disconnect();
            resolve(performance.timeOrigin + performance.now());
          });
          observer.observe(document.body, { childList: true, subtree: true, characterData: true });
        }),
      title,
    );
    const begun = await from.page.evaluate(
      async ([line, text]) => {
        const { probe } = window as unknown as ProbeWindow;
        const at = performance.timeOrigin + performance.now();
        await probe.perform('list.edit', { id: line, title: text }, crypto.randomUUID());
        return at;
      },
      [id, title] as const,
    );
    times.push((await arrived) - begun);
  }
  return times.slice(10);
}

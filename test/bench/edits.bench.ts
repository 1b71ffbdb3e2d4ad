/**
 * How long a person waits: a local write until it is on disk, and an edit until another device shows it.
 * Printed, never asserted. The reference beside each is the bare thing: one small OPFS file, and one
 * round trip to the server's health endpoint, in the same run and the same browser.
 */
import { gzipSync } from 'node:zlib';
import { expect, type Tab, test, twoDevices } from '../e2e/fixtures.ts';
import type { ProbeWindow } from '../e2e/probe.ts';

const EDITS = Number(process.env['EDITS'] ?? 300);

test('local write acknowledged, and edit to another device', async ({ device }) => {
  test.setTimeout(300_000);
  const { laptopTab, phoneTab } = await twoDevices(device);

  await report('OPFS put of 4 KB (reference)', await opfsPuts(laptopTab));
  await report('local write acknowledged', await acknowledgedWrites(laptopTab, EDITS));
  await laptopTab.settled();
  await report('health round trip (reference)', await roundTrips(laptopTab));
  await report('edit on the other device', await editsAcross(laptopTab, phoneTab));
});

test('first download', async ({ page, larder }) => {
  let bytes = 0;
  const perKind = new Map<string, number>();
  page.on('response', (response) => {
    const add = async () => {
      const size = gzipSync(await response.body()).length;
      bytes += size;
      const kind = response.request().resourceType();
      perKind.set(kind, (perKind.get(kind) ?? 0) + size);
    };
    // An answer without a body (304, a preload that was dropped) adds nothing.
    add().catch(() => undefined);
  });
  await page.goto(larder.url);
  await expect(page.getByRole('main')).toBeVisible();
  await page.waitForLoadState('networkidle');
  const kinds = [...perKind].map(([kind, size]) => `${kind} ${kilobytes(size)}`).join(', ');
  console.log(`first download (gzip): ${kilobytes(bytes)} in all; ${kinds}`);
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

function acknowledgedWrites(tab: Tab, count: number): Promise<number[]> {
  return tab.page.evaluate(async (edits) => {
    const { probe } = window as unknown as ProbeWindow;
    const times: number[] = [];
    for (let n = 0; n < edits; n++) {
      const entry = {
        title: `Edit ${n}`,
        quantityMilli: null,
        unit: null,
        note: null,
        storeName: null,
      };
      const begun = performance.now();
      await probe.perform('list.add', { entries: [entry] }, crypto.randomUUID());
      times.push(performance.now() - begun);
    }
    return times.slice(10);
  }, count);
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
    const begun = await from.page.evaluate(async (text) => {
      const { probe } = window as unknown as ProbeWindow;
      const entry = { title: text, quantityMilli: null, unit: null, note: null, storeName: null };
      const at = performance.timeOrigin + performance.now();
      await probe.perform('list.add', { entries: [entry] }, crypto.randomUUID());
      return at;
    }, title);
    times.push((await arrived) - begun);
  }
  return times.slice(10);
}

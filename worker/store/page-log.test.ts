import { describe, expect, test } from 'vitest';
import {
  createSimulatedClock,
  createSimulatedDisk,
  drive,
  PUT_FAULTS,
  withPutFault,
} from '../../test/sim/files-model.ts';
import type { PutFault } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { err } from '../../shared/result.ts';
import { StoreError } from './files.ts';
import type { Store } from './files.ts';
import { PAGE_SIZE_BYTES } from './format.ts';
import { openPageLog } from './page-log.ts';
import type { PageLog } from './page-log.ts';

describe('a store that fails', () => {
  /** Commits pages whose first byte counts up, one by one, and notes what was said about each. */
  async function workOn(store: Store, clock: ReturnType<typeof createSimulatedClock>) {
    const random = createRandom(7);
    const said: ('saved' | 'not-saved' | 'outcome-unknown')[] = [];
    const opened = await drive(
      clock,
      openPageLog({
        store,
        clock,
        randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
        schemaVersion: 1,
        oldestWriterVersion: 1,
      }),
      500,
    );
    if (!opened.ok) return { said, found: null };
    const log = opened.value;
    const found = log.takeImage()[0] ?? 0;
    for (let value = found + 1; value <= found + 5; value++) {
      commitValue(log, value);
      const outcome = log.whenDurable(log.committedSeq()).then(
        () => 'saved' as const,
        (error: unknown) => {
          if (!(error instanceof StoreError) || error.outcome === 'refused') throw error;
          return error.outcome;
        },
      );
      said.push(await drive(clock, outcome, 500));
    }
    return { said, found };
  }

  function commitValue(log: PageLog, value: number): void {
    const page = new Uint8Array(PAGE_SIZE_BYTES).fill(value);
    log.commit({
      pageCount: 1,
      touchedPages: 1,
      schemaChanged: false,
      schemaVersion: 1,
      readChanges: () => new Map([[1, { type: 'full', bytes: page }]]),
      copyImage: (into) => into.set(page),
    });
  }

  test.each(PUT_FAULTS)(
    '[STORE-3] a put that %s never makes a false promise, whichever it is',
    async (fault: PutFault) => {
      for (let putNumber = 1; ; putNumber++) {
        const clock = createSimulatedClock();
        const disk = createSimulatedDisk(clock, createRandom(putNumber));
        const faulty = withPutFault(disk.open().store, putNumber, fault);
        const first = await workOn(faulty.store, clock);
        disk.crash('kill');
        const second = await workOn(disk.open().store, clock);
        // What was said to be saved is there; what was said not to be saved is not.
        const saved = first.said.filter((outcome) => outcome === 'saved').length;
        const unknown = first.said.filter((outcome) => outcome === 'outcome-unknown').length;
        const found = second.found ?? -1;
        const isTrue = found >= saved && found <= saved + unknown;
        expect({ putNumber, ...first, found, isTrue }).toMatchObject({ isTrue: true });
        // Once one call failed, none after it was acknowledged.
        expect(first.said.slice(saved)).not.toContain('saved');
        expect(second.said).toEqual(Array.from({ length: 5 }, () => 'saved'));
        if (faulty.putCount() < putNumber) return;
      }
    },
  );

  test('[STORE-21] a full disk leaves the database readable, and saving goes on once there is room', async () => {
    const clock = createSimulatedClock();
    const disk = createSimulatedDisk(clock, createRandom(3));
    const before = await workOn(disk.open().store, clock);
    disk.crash('kill');
    const inner = disk.open().store;
    let isFull = true;
    const store: Store = {
      ...inner,
      put: (name, bytes) =>
        isFull
          ? Promise.resolve(err({ type: 'full', detail: 'a planted fault' }))
          : inner.put(name, bytes),
    };
    const opened = await drive(
      clock,
      openPageLog({
        store,
        clock,
        randomBytes: (count) => new Uint8Array(count).fill(4),
        schemaVersion: 1,
        oldestWriterVersion: 1,
      }),
    );
    if (!opened.ok) throw new Error(`the database opens, not ${opened.error.type}`);
    const log = opened.value;
    expect(log.takeImage()[0]).toBe(before.said.length);
    expect(log.readOnly()).toMatchObject({ type: 'full' });
    await drive(clock, log.retrySaving());
    expect(log.readOnly()).toMatchObject({ type: 'full' });
    isFull = false;
    await drive(clock, log.retrySaving());
    expect(log.readOnly()).toBeNull();
    commitValue(log, 77);
    await drive(clock, log.whenDurable(log.committedSeq()));
    await drive(clock, log.close());
    disk.crash('kill');
    expect(await workOn(disk.open().store, clock)).toMatchObject({ found: 77 });
  });
});

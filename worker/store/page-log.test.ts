import { describe, expect, test } from 'vitest';
import {
  createSimulatedClock,
  createSimulatedDisk,
  drive,
  PUT_FAULTS,
  withPutFault,
  withQuota,
} from '../../test/sim/files-model.ts';
import type { PutFault } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { err } from '../../shared/result.ts';
import { pause } from './commit.ts';
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
    if (log.readOnly() !== null) return { said, found };
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

  /** A page log with room for everything until `setQuota` says otherwise. */
  async function openWithQuota() {
    const clock = createSimulatedClock();
    const disk = createSimulatedDisk(clock, createRandom(5));
    const limited = withQuota(disk.open().store);
    const changes: boolean[] = [];
    const open = (store: Store) =>
      drive(
        clock,
        openPageLog({
          store,
          clock,
          randomBytes: (count) => new Uint8Array(count).fill(changes.length + 1),
          schemaVersion: 1,
          oldestWriterVersion: 1,
          onRoom: () => changes.push(true),
        }),
      );
    const opened = await open(limited.store);
    if (!opened.ok) throw new Error(opened.error.detail);
    const save = async (log: PageLog, value: number): Promise<void> => {
      commitValue(log, value);
      await drive(clock, log.whenDurable(log.committedSeq()), 500);
    };
    await drive(clock, opened.value.retrySaving());
    return { clock, disk, limited, changes, log: opened.value, open, save };
  }

  test('[STORE-311] the transaction that meets a full disk is saved in the reserve, and then there is no room', async () => {
    const { clock, limited, changes, log, save } = await openWithQuota();
    await save(log, 1);
    expect(limited.usedBytes()).toBeGreaterThan(1024 * 1024);
    expect(log.noRoom()).toBeNull();
    limited.setQuota(limited.usedBytes());
    await save(log, 2);
    expect(log.noRoom()).toMatchObject({ type: 'full' });
    expect(log.readOnly()).toBeNull();
    expect(log.failure()).toBeNull();
    // What sending needs still fits, again and again, and nothing is merged meanwhile.
    const before = limited.usedBytes();
    for (let value = 3; value < 40; value++) await save(log, value);
    clock.advance(60_000);
    await drive(clock, log.compact());
    expect(limited.usedBytes()).toBeGreaterThan(before);
    // Looking for room finds none; once there is some, all is as before.
    await drive(clock, log.retrySaving());
    expect(log.noRoom()).toMatchObject({ type: 'full' });
    limited.setQuota(Infinity);
    await drive(clock, log.retrySaving());
    expect(log.noRoom()).toBeNull();
    expect(changes).toHaveLength(2);
  });

  test('[STORE-311] a database that is opened on a full disk has no room from the start, and says so', async () => {
    const { clock, disk, limited, log, open, save } = await openWithQuota();
    await save(log, 1);
    limited.setQuota(limited.usedBytes());
    await save(log, 2);
    disk.crash('kill');
    // Room for an epoch start, and not for the reserve.
    const again = await open(withQuota(disk.open().store, 4096).store);
    if (!again.ok) throw new Error(again.error.detail);
    await drive(clock, again.value.retrySaving());
    expect(again.value.takeImage()[0]).toBe(2);
    expect(again.value.noRoom()).toMatchObject({ type: 'full' });
  });

  test('[STORE-311] the reserve is the last thing to go: quarantine and replaced files go before', async () => {
    const { limited, disk, log, save } = await openWithQuota();
    await save(log, 1);
    disk.land(
      'bad-log-000000000001-000000000001-00000001-00000001-00.larder',
      new Uint8Array(100_000),
    );
    limited.setQuota(limited.usedBytes() + 3000);
    const inner = limited.store.remove.bind(limited.store);
    limited.store.remove = (name) => {
      if (name.startsWith('bad-')) limited.setQuota(limited.usedBytes() + 100_000);
      return inner(name);
    };
    await save(log, 2);
    expect([...disk.files.keys()].filter((name) => name.startsWith('bad-'))).toEqual([]);
    expect(log.noRoom()).toBeNull();
  });

  test('[STORE-312] at whatever size the disk is full, no false promise is made', async () => {
    for (let quota = 0; quota < 60_000; quota += 700) {
      const clock = createSimulatedClock();
      const disk = createSimulatedDisk(clock, createRandom(quota));
      const first = await workOn(withQuota(disk.open().store, quota).store, clock);
      disk.crash('kill');
      const second = await workOn(disk.open().store, clock);
      const saved = first.said.filter((outcome) => outcome === 'saved').length;
      expect({ quota, found: second.found ?? -1 }).toEqual({ quota, found: saved });
      expect(second.said).toEqual(Array.from({ length: 5 }, () => 'saved'));
    }
  });

  test('[STORE-313] a store that is out of order leaves the database readable until it answers again', async () => {
    const clock = createSimulatedClock();
    const disk = createSimulatedDisk(clock, createRandom(3));
    const before = await workOn(disk.open().store, clock);
    disk.crash('kill');
    const inner = disk.open().store;
    let isBroken = true;
    const store: Store = {
      ...inner,
      put: (name, bytes) =>
        isBroken
          ? Promise.resolve(err({ type: 'broken', detail: 'a planted fault' }))
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
    expect(log.readOnly()).toMatchObject({ type: 'broken' });
    isBroken = false;
    await drive(clock, log.retrySaving());
    expect(log.readOnly()).toBeNull();
    commitValue(log, 99);
    await drive(clock, log.whenDurable(log.committedSeq()));
    disk.crash('kill');
    expect(await workOn(disk.open().store, clock)).toMatchObject({ found: 99 });
  });

  test('[STORE-310] a put that is silent for ten seconds is said to be slow, and not when it has answered', async () => {
    const clock = createSimulatedClock();
    const inner = createSimulatedDisk(clock, createRandom(3)).open().store;
    let answerAfterMs = 0;
    const store: Store = {
      ...inner,
      async put(name, bytes) {
        if (answerAfterMs > 0) await pause(clock, answerAfterMs);
        return inner.put(name, bytes);
      },
    };
    const slow: boolean[] = [];
    const opened = await drive(
      clock,
      openPageLog({
        store,
        clock,
        randomBytes: (count) => new Uint8Array(count).fill(4),
        schemaVersion: 1,
        oldestWriterVersion: 1,
        onSlow: (isSlow) => slow.push(isSlow),
      }),
    );
    if (!opened.ok) throw new Error(opened.error.detail);
    const log = opened.value;
    const saveAfter = async (delayMs: number, value: number): Promise<void> => {
      answerAfterMs = delayMs;
      commitValue(log, value);
      await drive(clock, log.whenDurable(log.committedSeq()), 500);
    };
    await saveAfter(9_000, 1);
    expect(slow).toEqual([]);
    await saveAfter(12_000, 2);
    expect(slow).toEqual([true, false]);
    // From thirty seconds on it counts as refused: tried again under another name, and kept once.
    await saveAfter(31_000, 3);
    expect(slow.slice(0, 3)).toEqual([true, false, true]);
    expect(log.failure()).toBeNull();
  });

  test('[STORE-506] a store that hangs and answers one call at a time is slow until it is given up, within two minutes', async () => {
    const clock = createSimulatedClock();
    const inner = createSimulatedDisk(clock, createRandom(3)).open().store;
    let isHung = false;
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
      const turn = last.then(work);
      last = turn;
      return turn;
    };
    const store: Store = {
      ...inner,
      list: () => inTurn(() => inner.list()),
      read: (name) => inTurn(() => inner.read(name)),
      remove: (name) => inTurn(() => inner.remove(name)),
      put: (name, bytes) =>
        inTurn(() => (isHung ? new Promise<never>(() => undefined) : inner.put(name, bytes))),
    };
    const said: unknown[] = [];
    const opened = await drive(
      clock,
      openPageLog({
        store,
        clock,
        randomBytes: (count) => new Uint8Array(count).fill(4),
        schemaVersion: 1,
        oldestWriterVersion: 1,
        onSlow: (isSlow) => said.push(isSlow),
        onFailed: ({ outcome }) => said.push(outcome),
      }),
    );
    if (!opened.ok) throw new Error(opened.error.detail);
    const log = opened.value;
    await drive(clock, log.retrySaving());
    isHung = true;
    commitValue(log, 1);
    const begunMs = clock.elapsedMs();
    const outcome = log.whenDurable(log.committedSeq()).catch((error: unknown) => error);
    expect(await drive(clock, outcome, 500)).toMatchObject({ outcome: 'outcome-unknown' });
    expect(clock.elapsedMs() - begunMs).toBeLessThan(120_000);
    await drive(clock, log.close(), 500);
    expect(said).toEqual([true, false, 'outcome-unknown']);
  });
});

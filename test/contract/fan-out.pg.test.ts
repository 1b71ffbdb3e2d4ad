/**
 * Several API processes on one database (issue 3, point 8): a commit in one wakes the streams of another, and
 * whatever is lost between them costs latency only. Each test takes one part of the way out; services with a
 * bridge each stand for the processes, and `two-processes.pg.test.ts` runs real ones.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type HintBridge,
  type HintBridgeOptions,
  startHintBridge,
} from '../../api/db/hint-bridge.ts';
import type { WatchHint } from '../../shared/protocol/watch.ts';
import { createSseParser } from '../../worker/host/sse-hints.ts';
import { createTestDatabase } from '../test-database.ts';
import { insert, listItem } from './kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

interface Process {
  readonly server: SyncServer;
  readonly bridge: HintBridge;
}

const database = { url: '', drop: async () => {} };
const started: Process[] = [];

beforeAll(async () => {
  Object.assign(database, await createTestDatabase());
});

afterAll(async () => {
  for (const { server, bridge } of started) {
    await bridge.stop();
    await server.close();
  }
  await database.drop();
});

async function startProcess(options: Partial<HintBridgeOptions> = {}): Promise<Process> {
  const server = await startSyncServer({ url: database.url });
  const bridge = startHintBridge({
    url: database.url,
    sql: server.sql,
    streams: server.service.hub,
    processId: randomBytes(8).toString('hex'),
    ...options,
  });
  const process = { server, bridge };
  started.push(process);
  return process;
}

interface Watching {
  /** Resolves with the first hint at or above `bundleSeq`. */
  until(bundleSeq: number): Promise<WatchHint>;
  readonly hints: readonly WatchHint[];
  stop(): Promise<void>;
}

async function watch(server: SyncServer, device: TestDevice, after: number): Promise<Watching> {
  const response = await server.request(`/sync/watch?after_bundle_seq=${String(after)}`, {
    headers: {
      'x-test-account': 'watcher',
      'x-test-household': device.householdId,
      'oversync-source-id': device.sourceId,
      authorization: 'Bearer test',
    },
  });
  expect(response.status).toBe(200);
  const hints: WatchHint[] = [];
  let wake: () => void = () => undefined;
  const parser = createSseParser((hint) => {
    hints.push(hint);
    wake();
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      expect(parser.push(decoder.decode(value, { stream: true }))).toBe(true);
    }
  })();
  return {
    hints,
    until: async (bundleSeq) => {
      for (;;) {
        const found = hints.find((hint) => hint.bundle_seq >= bundleSeq);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop: async () => {
      await reader.cancel();
      await reading;
    },
  };
}

const push = (device: TestDevice) => device.push([insert('list_items', listItem())]);

/** Settles when the bridge has heard its own ping: from then on hints arrive by themselves. */
async function isListening({ bridge }: Process): Promise<void> {
  while (!bridge.isListening()) await new Promise((resolve) => setImmediate(resolve));
}

describe('fan-out', () => {
  test('[PULL-74] a commit in one process wakes the streams of another, coalesced and without its own echo', async () => {
    const quick = { alonePollMs: 50, listeningPollMs: 600_000 };
    const one = await startProcess(quick);
    const other = await startProcess(quick);
    await Promise.all([isListening(one), isListening(other)]);
    const ana = await joinedDevice(one.server);
    const ben = createDevice(other.server, { householdId: ana.householdId });
    const stream = await watch(other.server, ben, 0);
    const startedAt = performance.now();
    await push(ana);
    const hint = await stream.until(1);
    process.stdout.write(
      `fan-out: ${String(Math.round(performance.now() - startedAt))} ms from push to hint\n`,
    );
    // Numbers only: whose it was is not passed on.
    expect(hint).toEqual({ bundle_seq: 1 });
    for (let count = 0; count < 10; count += 1) await push(ana);
    await stream.until(11);
    const seen = stream.hints.map(({ bundle_seq: seq }) => seq);
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
    await stream.stop();
  });

  test('[PULL-75] without notifications the latest numbers are read, so a lost hint costs latency only', async () => {
    const silent = await startProcess({ canListen: false });
    const reading = await startProcess({ canListen: false, alonePollMs: 50 });
    const ana = await joinedDevice(silent.server);
    const ben = createDevice(reading.server, { householdId: ana.householdId });
    const stream = await watch(reading.server, ben, 0);
    await push(ana);
    expect(await stream.until(1)).toEqual({ bundle_seq: 1 });
    expect(reading.bridge.isListening()).toBe(false);
    await stream.stop();
  });

  test('[PULL-76] a listener whose connection was cut listens again and reads what it missed', async () => {
    const quick = { alonePollMs: 50, listeningPollMs: 600_000 };
    const one = await startProcess(quick);
    const other = await startProcess(quick);
    await Promise.all([isListening(one), isListening(other)]);
    const ana = await joinedDevice(one.server);
    const ben = createDevice(other.server, { householdId: ana.householdId });
    const stream = await watch(other.server, ben, 0);
    const cut = await one.server.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'larder-hints' and datname = current_database()`;
    expect(cut.length).toBeGreaterThan(0);
    await push(ana);
    expect((await stream.until(1)).bundle_seq).toBe(1);
    await push(ana);
    expect((await stream.until(2)).bundle_seq).toBe(2);
    await stream.stop();
  });

  test('[PULL-77] a stream is told nothing that its reader knew when it began', async () => {
    const { server } = await startProcess({ canListen: false, alonePollMs: 20 });
    const ana = await joinedDevice(server);
    await push(ana);
    const stream = await watch(server, createDevice(server, { householdId: ana.householdId }), 1);
    // Rounds of the bridge go by: it reads number 1 for this scope again and again.
    for (let round = 0; round < 5; round += 1)
      await new Promise((resolve) => setTimeout(resolve, 30));
    await push(ana);
    await stream.until(2);
    expect(stream.hints.map(({ bundle_seq: seq }) => seq)).toEqual([2]);
    await stream.stop();
  });

  test('[PULL-78] what others say on the channel is not believed before it was looked at', async () => {
    const one = await startProcess({ alonePollMs: 50, listeningPollMs: 600_000 });
    await isListening(one);
    const ana = await joinedDevice(one.server);
    const stream = await watch(
      one.server,
      createDevice(one.server, { householdId: ana.householdId }),
      0,
    );
    for (const text of [
      '',
      'x',
      '{}',
      '[]',
      'null',
      '{"from":1,"hints":[]}',
      '{"from":"a","hints":[1,["x"],["y","z"]]}',
    ]) {
      await one.server.sql`select pg_notify('larder_hints', ${text})`;
    }
    await push(ana);
    await stream.until(1);
    expect(stream.hints).toHaveLength(1);
    await stream.stop();
  });
});

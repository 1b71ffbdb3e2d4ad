/** Hydration from a stream: whole segments only, resumed after the last one, and pages where there is none. */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, tagNames } from '../../test/sim/tags.ts';
import { createDevice } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import { HELD_BYTES_MAX } from './held-snapshot.ts';
import type { SyncAnswer, SyncRequest } from './ports.ts';
import { snapshotSessionsPath } from '../../shared/protocol/snapshot.ts';

type Change = (answer: SyncAnswer, request: SyncRequest, streams: number) => SyncAnswer;

const ROWS = 10;
const NAMES = Array.from({ length: ROWS }, (_, index) => `herb ${index}`);

/** A household of ten rows on a server that sends four of them in a segment. */
async function herbs(segmentRowsMax = 4): Promise<ModelServer> {
  const server = await createModelServer(kitchenSchema, { extensions: true, segmentRowsMax });
  const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await peer.engine.attach('household');
  for (const name of NAMES) await addTag(peer, name);
  await peer.engine.sync();
  server.log.length = 0;
  return server;
}

/** `change` sees every answer of a stream, and which one it is. */
function open(server: ModelServer, change: Change, image?: Uint8Array): Promise<Device> {
  let streams = 0;
  return createDevice({
    schema: kitchenSchema,
    transport: {
      watch: (request, onEvent) => server.transport.watch(request, onEvent),
      request: async (request) => {
        const answer = await server.transport.request(request);
        if (!request.path.endsWith('/stream')) return answer;
        streams += 1;
        return change(answer, request, streams);
      },
    },
    ids,
    ...(image === undefined ? {} : { image }),
  });
}

const asIs: Change = (answer) => answer;
const textOf = (answer: SyncAnswer): string =>
  answer.type === 'answer' ? String(answer.body) : '';
const withText = (answer: SyncAnswer, text: string): SyncAnswer =>
  answer.type === 'answer' ? { ...answer, body: text } : answer;
const streams = (server: ModelServer): number =>
  server.log.filter((line) => line.endsWith('/stream')).length;

describe('a snapshot stream', () => {
  test('[SNAP-340] hydrates by segments, with no page asked for', async () => {
    const server = await herbs();
    const device = await open(server, asIs);
    expect(await device.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual(NAMES);
    expect(server.log.filter((line) => line.startsWith('GET /sync/snapshot'))).toHaveLength(3);
    expect(streams(server)).toBe(3);
  });

  test('[SNAP-341] an empty household is one segment without rows', async () => {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const peer = await open(server, asIs);
    await peer.engine.attach('household');
    const device = await open(server, asIs);
    expect(await device.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual([]);
  });

  const lostAfterOne: Change = (answer, _request, number) =>
    number === 1 ? answer : { type: 'no-answer', reason: 'network' };
  const stagedRows = (device: Device): unknown =>
    device.sql.all('select count(*) as rows from _sync_snapshot_stage')[0]?.['rows'];

  test('[SNAP-342] goes on after the last whole segment, in this process and in the next one', async () => {
    const server = await herbs();
    const device = await open(server, lostAfterOne);
    await addTag(device, 'mine');
    expect(await device.engine.attach('household')).toMatchObject({ type: 'failed' });
    expect(stagedRows(device)).toBe(4);
    server.log.length = 0;
    const next = await open(server, asIs, device.database.durableImage());
    expect(await next.engine.sync()).toMatchObject({ failure: null });
    expect(tagNames(next)).toEqual([...NAMES, 'mine']);
    expect(streams(server), 'the first segment is not fetched again').toBe(2);
    expect(server.log).not.toContain('POST /sync/snapshot-sessions');
  });

  test.each([
    ['this process goes on with it', 2],
    ['the next one begins it anew', 3],
  ])('[SNAP-348] a first download waits in memory: %s', async (what, segments) => {
    const server = await herbs();
    let isLost = true;
    const device = await open(server, (answer, request, number) =>
      isLost ? lostAfterOne(answer, request, number) : answer,
    );
    expect(await device.engine.attach('household')).toMatchObject({ type: 'failed' });
    expect(stagedRows(device)).toBe(0);
    isLost = false;
    server.log.length = 0;
    const here = what.startsWith('this')
      ? device
      : await open(server, asIs, device.database.durableImage());
    expect(await here.engine.sync()).toMatchObject({ failure: null });
    expect(tagNames(here)).toEqual(NAMES);
    expect(streams(server)).toBe(segments);
    expect(server.log, 'the session is known').not.toContain('POST /sync/snapshot-sessions');
  });

  test('[SNAP-349] what is written during a first download meets it like any other row', async () => {
    const server = await herbs();
    const device: Device = await open(server, (answer, _request, number) => {
      if (number === 2) void addTag(device, 'mine');
      return answer;
    });
    expect(await device.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual([...NAMES, 'mine']);
    expect(server.rows('tags').size).toBe(ROWS);
    expect(await device.engine.sync()).toMatchObject({ failure: null });
    expect(server.rows('tags').size).toBe(ROWS + 1);
  });

  test.each([
    [0, 0],
    [1, 4],
  ])(
    '[SNAP-350] %i bytes over what memory holds at most, %i rows are on disk',
    async (over, rows) => {
      const server = await herbs();
      const device = await createDevice({
        schema: kitchenSchema,
        ids,
        transport: {
          watch: (request, onEvent) => server.transport.watch(request, onEvent),
          async request(request) {
            const answer = await server.transport.request(request);
            if (answer.type !== 'answer') return answer;
            if (request.path.endsWith('/stream'))
              return lostAfterOne(answer, request, streams(server));
            if (request.path !== snapshotSessionsPath) return answer;
            const session = answer.body as Readonly<Record<string, unknown>>;
            return { ...answer, body: { ...session, byte_count: HELD_BYTES_MAX + over } };
          },
        },
      });
      expect(await device.engine.attach('household')).toMatchObject({ type: 'failed' });
      expect(stagedRows(device)).toBe(rows);
    },
  );

  test('[SNAP-343] a segment without its trailer is asked for again, and never half staged', async () => {
    const server = await herbs();
    const cut: Change = (answer, _request, number) => {
      const text = textOf(answer);
      return number === 2 ? withText(answer, text.slice(0, text.length / 2)) : answer;
    };
    const device = await open(server, cut);
    expect(await device.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual(NAMES);
    expect(streams(server)).toBe(4);
  });

  const damages: readonly (readonly [string, (text: string) => string])[] = [
    ['a changed value', (text) => text.replace('herb 1', 'weed 1')],
    ['a row too few', (text) => text.split('\n').toSpliced(1, 1).join('\n')],
    ['another snapshot', (text) => text.replace(/"snapshot_id":"[^"]*"/, '"snapshot_id":"x"')],
    [
      'another number',
      (text) => text.replace(/"snapshot_bundle_seq":\d+/, '"snapshot_bundle_seq":9'),
    ],
    ['another beginning', (text) => text.replace('"after_row_ordinal":0', '"after_row_ordinal":1')],
    ['an unknown table', (text) => text.replaceAll('"table":"tags"', '"table":"hats"')],
  ];

  test.each(damages)(
    '[SNAP-344] %s is refused, and nothing of the snapshot is kept',
    async (_what, damage) => {
      const server = await herbs();
      const device = await open(server, (answer) => withText(answer, damage(textOf(answer))));
      await addTag(device, 'mine');
      expect(await device.engine.attach('household')).toMatchObject({
        type: 'failed',
        failure: { type: 'protocol' },
      });
      expect(device.sql.all('select 1 as found from _sync_snapshot_stage')).toEqual([]);
      expect(tagNames(device)).toEqual(['mine']);
      const healed = await open(server, asIs, device.database.durableImage());
      expect(await healed.engine.sync()).toMatchObject({ failure: null });
      expect(tagNames(healed)).toEqual([...NAMES, 'mine']);
    },
  );

  test('[SNAP-345] a session that ran out in the middle is begun anew', async () => {
    const server = await herbs();
    const gone: SyncAnswer = {
      type: 'answer',
      status: 410,
      headers: {},
      body: { error: 'snapshot_session_expired', message: 'gone' },
    };
    const device = await open(server, (answer, _request, number) => (number === 2 ? gone : answer));
    expect(await device.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual(NAMES);
    expect(server.log.filter((line) => line === 'POST /sync/snapshot-sessions')).toHaveLength(2);
  });

  test('[SNAP-346] what was fetched for one source is not applied for another', async () => {
    const server = await herbs();
    const device = await open(server, asIs);
    await device.engine.attach('household');
    await addTag(device, 'one');
    await device.engine.sync();
    const copy = device.database.durableImage();
    await addTag(device, 'two');
    await device.engine.sync();
    const restored = await open(server, asIs, copy);
    restored.sql.script(`
      insert into _sync_snapshot_stage values ('stale', 1, 'larder', 'tags', '{"id":"x"}', 1, '{}');
      update _sync_operation_state set staged_snapshot_id = 'stale', snapshot_row_count = 1,
        snapshot_stage_complete = 1;`);
    await addTag(restored, 'three');
    expect(await restored.engine.sync()).toMatchObject({ failure: null });
    expect(tagNames(restored)).toEqual([...NAMES, 'one', 'three', 'two']);
  });
});

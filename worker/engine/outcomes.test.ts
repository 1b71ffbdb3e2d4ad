/**
 * Carrying out what a resolver says (`protocol.md` §11.10): every cell of the table with every outcome, the
 * siblings of a conflict, bytes, edits that come in between, and the bounds. What is not valid fails closed.
 */
import { describe, expect, test } from 'vitest';
import { limits } from '../../shared/limits.ts';
import type { Conflict } from '../../shared/protocol/errors.ts';
import { createResolver } from '../../shared/schema/resolve.ts';
import type { Outcome, Resolution, Resolver, RowConflict } from '../../shared/schema/resolve.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { ids, NOW } from '../../test/sim/tags.ts';
import { createDevice, createFastClock, createJournal } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import { createCatalog } from './catalog.ts';
import { settleConflicts } from './conflict.ts';
import type { Context } from './context.ts';
import { freezeOutbox } from './outbox.ts';
import type { SettledConflict, SyncAnswer, SyncRequest, Transport } from './ports.ts';
import { readOutbox } from './state.ts';

const nobody: Transport = {
  request: () => Promise.resolve({ type: 'no-answer', reason: 'network' }),
  watch: () => () => undefined,
};
const bounds = { rowsMax: limits.push.bundleRowsMax, bytesMax: limits.push.bundleBytesMax };

interface Bench {
  readonly device: Device;
  readonly context: Context;
  readonly settled: SettledConflict[];
}

/** A device without a network, its engine's own procedures, and a resolver that says what it is told. */
async function createBench(resolver: Resolver): Promise<Bench> {
  const device = await createDevice({ schema: kitchenSchema, transport: nobody, ids });
  const settled: SettledConflict[] = [];
  const context: Context = {
    database: device.database,
    sql: device.sql,
    catalog: createCatalog(kitchenSchema),
    transport: nobody,
    clock: createFastClock(),
    ids,
    journal: { ...createJournal(), settled: (_sql, conflicts) => settled.push(...conflicts) },
    resolver,
    client: '',
    committed: () => undefined,
    progress: () => undefined,
    memory: { held: null, capabilities: null, isStopped: false, waits: new Set() },
  };
  return { device, context, settled };
}

const ID = '01990000-0000-7000-8000-000000000001';
const OTHER = '01990000-0000-7000-8000-000000000002';

const tag = (change: object = {}): LocalRow => ({
  id: ID,
  name: 'Tag',
  name_key: 'tag',
  hue: 1,
  created_at: NOW,
  edited_at: NOW,
  ...change,
});

const insert = (device: Device, id: string, hue = 1): void => {
  void device.engine.write((sql) =>
    sql.run(
      `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, 'Tag', 'tag', ?2, ?3, ?3)`,
      [id, hue, NOW],
    ),
  );
};
const setHue = (device: Device, id: string, hue: number): void => {
  void device.engine.write((sql) => sql.run('update tags set hue = ?1 where id = ?2', [hue, id]));
};
const remove = (device: Device, id: string): void => {
  void device.engine.write((sql) => sql.run('delete from tags where id = ?1', [id]));
};

/** As if the server had acknowledged everything, at version 1. */
function acknowledge(device: Device): void {
  device.sql.run(
    `insert into _sync_row_state (schema_name, table_name, key_json, row_version)
     select schema_name, table_name, key_json, 1 from _sync_dirty_rows`,
  );
  device.sql.run('delete from _sync_dirty_rows');
  device.sql.run('delete from _sync_x_local_tx');
}

/** My change of the row, by the op that goes over the wire; mine has hue 2. */
function change(device: Device, op: 'INSERT' | 'UPDATE' | 'DELETE'): void {
  insert(device, ID, op === 'INSERT' ? 2 : 1);
  if (op === 'INSERT') return;
  acknowledge(device);
  if (op === 'UPDATE') setHue(device, ID, 2);
  else remove(device, ID);
}

function conflictOf(op: 'INSERT' | 'UPDATE' | 'DELETE', server: RowConflict['server']): Conflict {
  return {
    schema: 'larder',
    table: 'tags',
    key: { id: ID },
    op,
    base_row_version: op === 'INSERT' ? 0 : 1,
    server_row_version: server === 'nothing' ? 0 : 7,
    server_row_deleted: server === 'deleted',
    server_row: server === 'live' ? { ...tag({ hue: undefined }), hue: '3' } : null,
  };
}

const hueOf = (device: Device, id = ID): unknown =>
  device.sql.all('select hue from tags where id = ?1', [id])[0]?.['hue'] ?? null;
const stateOf = (device: Device): unknown => {
  const [row] = device.sql.all(
    `select row_version, deleted from _sync_row_state where key_json = json_object('id', ?1)`,
    [ID],
  );
  return row === undefined ? null : [row['row_version'], row['deleted'] === 1 ? 'deleted' : 'live'];
};
const intentOf = (device: Device, id = ID): unknown => {
  const [row] = device.sql.all(
    `select op, base_row_version, payload from _sync_dirty_rows where key_json = json_object('id', ?1)`,
    [id],
  );
  return row === undefined ? null : [row['op'], row['base_row_version']];
};
const heldOf = (device: Device): unknown =>
  device.sql.all('select reason from _sync_x_held').map((row) => row['reason']);

const answer =
  (outcome: Outcome): Resolver =>
  () => [{ outcome, isRemade: false, question: null, lost: [], isActWithdrawn: false }];

const accept: Outcome = { type: 'accept-server' };
const local: Outcome = { type: 'keep-local' };
const merged: Outcome = { type: 'keep-merged', row: tag({ hue: 5 }) };

const HELD = 'held';
type End = readonly [hue: number | null, state: unknown, intent: unknown] | typeof HELD;

/** Op, server, and what stands afterwards: accept server, keep local, keep merged. */
const CELLS: readonly [RowConflict['localOp'], RowConflict['server'], End, End, End][] = [
  ['INSERT', 'nothing', [null, null, null], HELD, HELD],
  [
    'INSERT',
    'deleted',
    [null, [7, 'deleted'], null],
    [2, [7, 'deleted'], ['INSERT', 7]],
    [5, [7, 'deleted'], ['INSERT', 7]],
  ],
  [
    'INSERT',
    'live',
    [3, [7, 'live'], null],
    [2, [7, 'live'], ['UPDATE', 7]],
    [5, [7, 'live'], ['UPDATE', 7]],
  ],
  ['UPDATE', 'nothing', [null, null, null], HELD, HELD],
  ['UPDATE', 'deleted', [null, [7, 'deleted'], null], HELD, HELD],
  [
    'UPDATE',
    'live',
    [3, [7, 'live'], null],
    [2, [7, 'live'], ['UPDATE', 7]],
    [5, [7, 'live'], ['UPDATE', 7]],
  ],
  ['DELETE', 'nothing', [null, null, null], [null, null, null], [null, null, null]],
  [
    'DELETE',
    'deleted',
    [null, [7, 'deleted'], null],
    [null, [7, 'deleted'], null],
    [null, [7, 'deleted'], null],
  ],
  ['DELETE', 'live', [3, [7, 'live'], null], [null, [7, 'live'], ['DELETE', 7]], HELD],
];

describe.each(CELLS)('%s against a row that is %s', (op, server, ...ends) => {
  test.each([
    ['accept server', accept, ends[0]],
    ['keep local', local, ends[1]],
    ['keep merged', merged, ends[2]],
  ] as const)('[CONF-323] %s', async (_name, outcome, end) => {
    const { device, context } = await createBench(answer(outcome));
    change(device, op);
    insert(device, OTHER);
    const before = [hueOf(device), stateOf(device), intentOf(device)];
    expect(freezeOutbox(context, bounds)).toEqual({ ok: true, value: 'frozen' });
    expect(settleConflicts(context, [conflictOf(op, server)])).toEqual({ ok: true, value: 1 });
    expect(readOutbox(device.sql).state).toBe('none');
    expect([hueOf(device), stateOf(device), intentOf(device)]).toEqual(end === HELD ? before : end);
    expect(heldOf(device)).toEqual(end === HELD ? ['conflict'] : []);
    // The sibling is dirty again as it was, and goes out without the row in question.
    expect(intentOf(device, OTHER)).toEqual(['INSERT', 0]);
    expect(freezeOutbox(context, bounds)).toEqual({ ok: true, value: 'frozen' });
    expect(readOutbox(device.sql).rowCount).toBe(1 + (end !== HELD && end[2] !== null ? 1 : 0));
  });
});

describe('what fails closed', () => {
  const resolution = (change: Partial<Resolution>): Resolution => ({
    outcome: accept,
    isRemade: false,
    question: null,
    lost: [],
    isActWithdrawn: false,
    ...change,
  });
  const broken: readonly [string, Resolver][] = [
    [
      'a resolver that throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['no answer at all', () => []],
    [
      'a merged row without a column',
      () => [resolution({ outcome: { type: 'keep-merged', row: { id: ID } } })],
    ],
    [
      'a merged row under another key',
      () => [resolution({ outcome: { type: 'keep-merged', row: tag({ id: OTHER }) } })],
    ],
    [
      'a merged row with what cannot be sent',
      () => [resolution({ outcome: { type: 'keep-merged', row: tag({ name: null }) } })],
    ],
    ['remaking a row that is there', () => [resolution({ isRemade: true })]],
  ];
  test.each(broken)(
    '[CONF-324] %s: the row is held, unchanged, and nothing is told',
    async (_name, resolver) => {
      const { device, context, settled } = await createBench(resolver);
      change(device, 'UPDATE');
      freezeOutbox(context, bounds);
      expect(settleConflicts(context, [conflictOf('UPDATE', 'live')]).ok).toBe(true);
      expect([hueOf(device), stateOf(device), intentOf(device)]).toEqual([
        2,
        [1, 'live'],
        ['UPDATE', 1],
      ]);
      expect(heldOf(device)).toEqual(['conflict']);
      expect(settled).toEqual([]);
    },
  );

  test('[CONF-324] one row that the resolver cannot judge does not keep the others from being judged', async () => {
    const own = createResolver(kitchenSchema);
    const { device, context } = await createBench((conflicts) => {
      if (conflicts.some(({ id }) => id === OTHER)) throw new Error('no idea');
      return own(conflicts);
    });
    insert(device, ID);
    insert(device, OTHER);
    acknowledge(device);
    setHue(device, ID, 2);
    setHue(device, OTHER, 2);
    freezeOutbox(context, bounds);
    const other = { ...conflictOf('UPDATE', 'live'), key: { id: OTHER } };
    other.server_row = { ...other.server_row, id: OTHER };
    expect(settleConflicts(context, [conflictOf('UPDATE', 'live'), other]).ok).toBe(true);
    expect([hueOf(device, ID), hueOf(device, OTHER)]).toEqual([3, 2]);
    expect(heldOf(device)).toEqual(['conflict']);
  });
});

describe('a row that changed meanwhile', () => {
  test('[CONF-335] mine is the row as it is now, not as it was frozen', async () => {
    const seen: (RowConflict | undefined)[] = [];
    const { device, context } = await createBench((conflicts) => {
      seen.push(...conflicts);
      return answer(local)(conflicts);
    });
    change(device, 'UPDATE');
    freezeOutbox(context, bounds);
    setHue(device, ID, 9);
    settleConflicts(context, [conflictOf('UPDATE', 'live')]);
    expect(seen).toMatchObject([{ mine: { hue: 9 }, theirs: { hue: 3 }, localOp: 'UPDATE' }]);
    expect([hueOf(device), intentOf(device)]).toEqual([9, ['UPDATE', 7]]);
  });

  test('[CONF-335] a row removed since the freeze meets the server as a removal', async () => {
    const { device, context } = await createBench(answer(local));
    change(device, 'UPDATE');
    freezeOutbox(context, bounds);
    remove(device, ID);
    settleConflicts(context, [conflictOf('UPDATE', 'live')]);
    expect([hueOf(device), intentOf(device)]).toEqual([null, ['DELETE', 7]]);
  });

  test('[CONF-335] bytes stay bytes when mine is kept', async () => {
    const { device, context } = await createBench(answer(local));
    const recipe = ids.rowId();
    const bytes = new Uint8Array([0, 1, 127, 128, 255]);
    await device.engine.write((sql) => {
      sql.run(
        `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, ?2, ?2)`,
        [recipe, NOW],
      );
      sql.run(
        `insert into recipe_photos (id, recipe_id, mime, width, height, bytes, created_at)
         values (?1, ?2, 'image/webp', 1, 1, ?3, ?4)`,
        [ID, recipe, bytes, NOW],
      );
    });
    freezeOutbox(context, bounds);
    settleConflicts(context, [{ ...conflictOf('INSERT', 'deleted'), table: 'recipe_photos' }]);
    expect(device.sql.all('select bytes from recipe_photos')).toEqual([{ bytes }]);
    expect(intentOf(device)).toEqual(['INSERT', 7]);
    expect(freezeOutbox(context, bounds)).toEqual({ ok: true, value: 'frozen' });
    const [frozen] = device.sql.all(
      `select json_extract(wire_payload, '$.bytes') as bytes from _sync_outbox_rows where table_name = 'recipe_photos'`,
    );
    expect(frozen?.['bytes']).toBe('AAF/gP8=');
  });
});

describe('the budget of one push', () => {
  /** Answers every push with a conflict of the rows that it is told, at a version already known. */
  async function refuseEveryPush(rowOf: (round: number) => string) {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    let isArmed = false;
    let rounds = 0;
    const transport: Transport = {
      watch: (request, onEvent) => server.transport.watch(request, onEvent),
      request: async (request: SyncRequest): Promise<SyncAnswer> => {
        if (!isArmed || request.path !== '/sync/push') return server.transport.request(request);
        const id = rowOf(rounds);
        rounds += 1;
        const conflict = { ...conflictOf('INSERT', 'live'), key: { id }, server_row_version: 1 };
        return {
          type: 'answer',
          status: 409,
          headers: {},
          body: {
            error: 'push_conflict',
            message: 'no',
            conflict: { ...conflict, server_row: { ...conflict.server_row, id } },
          },
        };
      },
    };
    const device = await createDevice({
      schema: kitchenSchema,
      transport,
      ids,
      resolver: (conflicts) => conflicts.flatMap(() => answer(local)([])),
    });
    await device.engine.attach('household');
    insert(device, ids.rowId());
    await device.engine.sync();
    isArmed = true;
    return { device, rounds: () => rounds };
  }

  const rowNo = (number: number): string =>
    `01990000-0000-7000-8000-${String(number).padStart(12, '0')}`;

  test('[CONF-336] the third conflict of one row ends the call, and everything is kept', async () => {
    const { device, rounds } = await refuseEveryPush(() => rowNo(1));
    insert(device, rowNo(1), 2);
    expect(await device.engine.sync()).toMatchObject({
      failure: { type: 'conflict', code: 'retry-exhausted' },
    });
    expect(rounds()).toBe(3);
    expect([hueOf(device, rowNo(1)), heldOf(device)]).toEqual([2, []]);
    expect(device.engine.status().unsent.rows).toBe(1);
  });

  test('[CONF-336] conflicts of ever other rows end after 25 rounds', async () => {
    const { device, rounds } = await refuseEveryPush((round) => rowNo(round));
    for (let number = 0; number < 40; number += 1) insert(device, rowNo(number), 2);
    expect(await device.engine.sync()).toMatchObject({
      failure: { type: 'conflict', code: 'retry-exhausted' },
    });
    expect(rounds()).toBe(25);
    expect(device.engine.status().unsent.rows).toBe(40);
  });
});

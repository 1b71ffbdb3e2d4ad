/**
 * The service with tables that are nothing like the kitchen's (`odd-schema.ts`). Nothing in `api/sync` may know a
 * table by name. The device with the same tables is in `engine-second-schema.pg.test.ts`.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncTable } from '../../api/sync/registry.ts';
import { createRegistry, foreignKeyOrder } from '../../api/sync/registry.ts';
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import { canonicalJson } from '../../shared/protocol/canonical-json.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { BundleRow, PushRequestRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import { oddSchema } from './odd-schema.ts';
import { type SyncServer, type TestDevice, joinedDevice, startSyncServer } from './sync-server.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer({ schema: oddSchema });
});

afterAll(() => server.close());

type Payload = Readonly<Record<string, unknown>>;
const put = (
  name: string,
  key: string,
  payload: Payload,
  base = 0,
  op: 'INSERT' | 'UPDATE' = 'INSERT',
): PushRequestRow => ({
  schema: 'odd',
  table: name,
  key: name === 'documents' ? { code: key } : { id: key },
  op,
  base_row_version: base,
  payload,
});
const drop = (name: string, key: string, base: number): PushRequestRow => ({
  schema: 'odd',
  table: name,
  key: { id: key },
  op: 'DELETE',
  base_row_version: base,
});

async function lastBundle(
  device: TestDevice,
): Promise<PullResponse['bundles'][number] | undefined> {
  return ((await device.pull()).body as unknown as PullResponse).bundles.at(-1);
}

describe('values', () => {
  const id = '11111111-1111-4111-8111-111111111111';
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['tiny', '-32768', '-32768'],
    ['small', '2147483647', '2147483647'],
    ['large', '9007199254740993', '9007199254740993'],
    ['large', '-9223372036854775808', '-9223372036854775808'],
    ['exact', '1.25e3', '1250.0000000000'],
    ['exact', '1234567890.123456789', '1234567890.1234567890'],
    ['narrow', '1.2345678901234567', '1.2345678806304932'],
    ['wide', '5e-324', '5e-324'],
    ['wide', '1.7976931348623157e+308', '1.7976931348623157e+308'],
    ['truth', '1', true],
    ['truth', false, false],
    [
      'raw',
      'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==',
      'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==',
    ],
    ['raw', '', ''],
    ['day', '2024-01-02', '2024-01-02'],
    ['at', '2024-01-02T03:04:05.5+02:00', '2024-01-02T01:04:05.5+00:00'],
    ['local', '2024-01-02T03:04:05.123456', '2024-01-02T03:04:05.123456'],
    [
      'nested',
      { b: [1.5, 1e21, 'x'], a: { '\ufb33': null, '😀': true } },
      { a: { '😀': true, '\ufb33': null }, b: [1.5, 1e21, 'x'] },
    ],
    ['words', ['a', '"b"'], ['a', '"b"']],
  ];
  test.each(cases)(
    '[SCHEMA-6] a %s of %j is kept and spelled as the protocol says',
    async (column, sent, kept) => {
      const device = await joinedDevice(server);
      const isDocument = ['tiny', 'narrow', 'local', 'nested', 'words'].includes(column);
      const name = isDocument ? 'documents' : 'measures';
      const committed = await device.push([put(name, id, { [column]: sent })]);
      expect(committed.status).toBe(200);
      const bundle = await lastBundle(device);
      expect(bundle?.rows[0]?.payload?.[column]).toEqual(kept);
      // The text that was hashed in the database is the canonical form of what was sent.
      expect(bundleHash(bundle?.rows ?? []).hash).toBe(committed.body['bundle_hash']);
      const session = await device.call('POST', '/sync/snapshot-sessions');
      const page = await device.call(
        'GET',
        `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`,
      );
      const [row] = page.body['rows'] as SnapshotRow[];
      expect(row?.payload).toEqual(bundle?.rows[0]?.payload);
      // The same again in a stream and in a conflict: one row, one spelling (B24).
      const path = `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}/stream`;
      const stream = await server.request(path, {
        headers: {
          'x-test-account': `account-of-${device.householdId}`,
          'x-test-household': device.householdId,
          'oversync-source-id': device.sourceId,
          authorization: 'Bearer test',
        },
      });
      const [header, line] = (await stream.text())
        .split('\n')
        .map((part) => JSON.parse(part || '0'));
      const columns = (
        header as { readonly tables: readonly { table: string; columns: string[] }[] }
      ).tables.find(({ table }) => table === name)?.columns;
      expect((line as unknown[])[1 + (columns ?? []).indexOf(column)]).toEqual(kept);
      const conflict = await device.push([put(name, id, {}, 7, 'UPDATE')]);
      expect(conflict.body['conflict']).toMatchObject({ server_row: row?.payload });
    },
  );

  test('[SCHEMA-7] numbers made in SQL are spelled as ECMAScript spells them', async () => {
    const numbers = [
      0,
      -0,
      1,
      -1.5,
      0.1,
      1e-5,
      1e-6,
      1e-7,
      1.5e-7,
      123456789012345680000,
      1e20,
      1e21,
      1.5e300,
      100,
      1e15,
      1e16,
      2 ** 53,
      5e-324,
      -123.456e-10,
    ];
    const rows = await server.sql<{ text: string }[]>`
      select sync.ecma_number(value::float8) as text
      from jsonb_array_elements_text(${JSON.stringify(numbers)}::text::jsonb) with ordinality as v(value, at) order by at`;
    expect(rows.map((row) => row.text)).toEqual(numbers.map((number) => String(number)));
  });

  test('[SCHEMA-240] any JSON is spelled in SQL as the canonical form spells it', async () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constantFrom(0, -0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 0.1, 1e-6),
    );
    // Postgres keeps no U+0000, and the wire no lone surrogate.
    const string = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((text) => !text.includes('\u0000') && text.isWellFormed());
    const { document } = fc.letrec((tie) => ({
      document: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(null, true, false),
        number,
        string,
        fc.array(tie('document'), { maxLength: 4 }),
        fc.dictionary(string, tie('document'), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    const documents = fc.sample(document, { seed: 20_261_122, numRuns: 150 });
    const rows = await server.sql<{ text: string }[]>`
      select sync.canonical_json(value) as text
      from jsonb_array_elements(${JSON.stringify(documents)}::text::jsonb) with ordinality as v(value, at)
      order by at`;
    expect(rows.map(({ text: spelled }) => spelled)).toEqual(
      documents.map((one) => canonicalJson(one)),
    );
  });

  test('[PUSH-26] a value that only Postgres can refuse is found when it is staged', async () => {
    const device = await joinedDevice(server);
    for (const [row, column] of [
      [put('parents', 'b', { size: 'too long' }), 'size'],
      [put('measures', id, { exact: '1e40' }), 'exact'],
      [put('documents', 'd', { narrow: '1e+300' }), 'narrow'],
      [put('documents', 'd', { words: [['a'], 'b'] }), 'words'],
    ] as const) {
      const answer = await device.push([put('parents', 'a', { size: 'ok' }), row]);
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: 'push_chunk_invalid',
          rejection: { row_ordinal: 1, columns: [column], category: 'destination_type_invalid' },
        },
      });
    }
  });
});

describe('keys and references', () => {
  const brief = (rows: readonly BundleRow[] = []): string[] =>
    rows.map((row) => `${row.op} ${row.table} ${Object.values(row.key).join()}`);

  test('[PUSH-27] a cycle goes in one bundle, and its deletion cascades around it', async () => {
    const device = await joinedDevice(server);
    const rows = [
      put('parents', 'p "1" é', { favourite: 'c1' }),
      put('children', 'c1', { parent: 'p "1" é' }),
      put('parents', 'p2', { boss: 'p "1" é' }),
    ];
    expect((await device.push(rows)).status).toBe(200);
    expect(brief((await lastBundle(device))?.rows)).toEqual([
      'INSERT parents p "1" é',
      'INSERT children c1',
      'INSERT parents p2',
      'INSERT tallies p "1" é',
    ]);
    const refused = await device.push([drop('parents', 'p "1" é', 1)]);
    expect(refused).toMatchObject({
      status: 400,
      body: {
        rejection: {
          row_ordinal: 0,
          constraint: 'foreign_key',
          constraint_name: 'parents_boss_fkey',
          referenced_table: 'odd.parents',
        },
      },
    });
    expect(
      (await device.push([drop('parents', 'p2', 1), drop('parents', 'p "1" é', 1)])).status,
    ).toBe(200);
    const last = brief((await lastBundle(device))?.rows);
    expect(last).toEqual([
      'DELETE parents p2',
      'DELETE parents p "1" é',
      // In which order cascades and triggers come is not promised.
      ...['DELETE children c1', 'UPDATE tallies p "1" é'].toSorted(
        (a, b) => last.indexOf(a) - last.indexOf(b),
      ),
    ]);
  });

  test('[PUSH-250] what a row trigger does to the row that fired it is in the bundle as it ended', async () => {
    const device = await joinedDevice(server);
    const document = (code: string) => put('documents', code, { tiny: '1' });
    const committed = await device.push(['gone', 'twice', 'back', 'plain'].map(document));
    expect(committed.status).toBe(200);
    const first = (await lastBundle(device))?.rows ?? [];
    expect(first.map((row) => [row.op, row.key['code'], row.payload?.['tiny']])).toEqual([
      ['INSERT', 'twice', '7'],
      ['INSERT', 'back', '1'],
      ['INSERT', 'plain', '1'],
    ]);
    expect(bundleHash(first).hash).toBe(committed.body['bundle_hash']);
    const remove = ['back', 'plain'].map((code): PushRequestRow => ({
      schema: 'odd',
      table: 'documents',
      key: { code },
      op: 'DELETE',
      base_row_version: 1,
    }));
    expect((await device.push(remove)).status).toBe(200);
    const second = (await lastBundle(device))?.rows ?? [];
    expect(second.map((row) => [row.op, row.key['code'], row.payload?.['tiny']])).toEqual([
      ['UPDATE', 'back', '7'],
      ['DELETE', 'plain', undefined],
    ]);
    // A snapshot counts its rows against the row states, so that both agree.
    const session = await device.call('POST', '/sync/snapshot-sessions');
    expect(session.body).toMatchObject({ row_count: 2 });
    // Alone it changed nothing.
    expect((await device.push([document('gone')])).body['error']).toBe('push_commit_invalid');
  });

  test.each(['', '   ', 'a\u0000', '\ud800', 'x'.repeat(1025)])(
    '[PUSH-28] the text key %j is refused',
    async (key) => {
      const device = await joinedDevice(server);
      const answer = await device.call('POST', '/sync/push', {
        source_bundle_id: 1,
        canonical_request_hash: 'a'.repeat(64),
        rows: [put('parents', key, {})],
      });
      expect(answer).toMatchObject({ status: 400, body: { error: 'push_chunk_invalid' } });
    },
  );

  test('[OPS-9] a server-side writer makes a bundle, once per operation', async () => {
    const device = await joinedDevice(server);
    await device.push([put('parents', 'old', {}), put('children', 'c', { parent: 'old' })]);
    const write = {
      userId: device.householdId,
      writer: 'renamer',
      operation: { operationId: crypto.randomUUID(), command: { rename: 'old' } },
    };
    const work = () =>
      server.service.withServerBundle(write, async (tx, scopeId) => {
        await tx.query(
          `update odd.parents set id = 'new' where _sync_scope_id = $1::uuid and id = 'old'`,
          [scopeId],
        );
        return 'done';
      });
    expect(await work()).toEqual({ value: 'done', bundleSeq: 2 });
    expect(await work()).toEqual({ value: null, bundleSeq: 2 });
    const bundle = await lastBundle(device);
    expect(bundle).toMatchObject({ source_id: 'server:renamer', source_bundle_id: 1 });
    // A change of key is a deletion and an insertion, its cascade an update.
    expect(brief(bundle?.rows).toSorted()).toEqual([
      'DELETE parents old',
      'INSERT parents new',
      'INSERT tallies new',
      'UPDATE children c',
      'UPDATE tallies old',
    ]);
    expect(bundleHash(bundle?.rows ?? []).hash).toBe(bundle?.bundle_hash);
    const nothing = await server.service.withServerBundle(
      { ...write, operation: { operationId: crypto.randomUUID(), command: 1 } },
      async () => 'x',
    );
    expect(nothing).toEqual({ value: 'x', bundleSeq: null });
    await expect(
      server.service.withServerBundle({ userId: device.householdId, writer: 'thief' }, (tx) =>
        tx.query(`insert into odd.parents (_sync_scope_id, id) values ($1::uuid, 'x')`, [
          crypto.randomUUID(),
        ]),
      ),
    ).rejects.toThrow('row-level security');
    expect((await device.push([put('parents', 'late', {})])).status).toBe(200);
  });
});

describe('registry', () => {
  const plain = (name: string, foreignKeys: SyncTable['foreignKeys'] = []): SyncTable => ({
    schema: 'odd',
    table: name,
    key: 'code',
    keyType: 'text',
    serverWritten: false,
    columns: ['code', 'other'].map((column) => ({ name: column, type: 'text', sqlType: 'text' })),
    foreignKeys,
    uniques: [],
  });

  test('[SCHEMA-8] tables stand in foreign-key order, those on a cycle together', () => {
    expect(foreignKeyOrder(oddSchema.tables).map((one) => one.table)).toEqual([
      'children',
      'parents',
      'documents',
      'measures',
      'tallies',
    ]);
    const chain = ['c', 'b', 'a'].map((name, index) =>
      plain(
        name,
        index === 2 ? [] : [{ name: 'x', column: 'other', table: ['b', 'a'][index] ?? '' }],
      ),
    );
    expect(foreignKeyOrder(chain).map((one) => one.table)).toEqual(['a', 'b', 'c']);
  });

  test('[SCHEMA-9] a table that cannot be synced is refused with a sentence that names it', () => {
    const base = plain('t');
    const register = (one: SyncTable) => () =>
      createRegistry({
        appName: 'x',
        schemaVersion: 1,
        tables: [one],
        numbers: new Map([['odd.t', 1]]),
      });
    expect(register(base)).not.toThrow();
    expect(register({ ...base, key: 'nothing' })).toThrow('odd.t: its key column');
    expect(register({ ...base, keyType: 'uuid' })).toThrow('odd.t: its key column');
    expect(
      register({
        ...base,
        columns: [...base.columns, { name: 'Bad', ...base.columns[0] } as never],
      }),
    ).toThrow('odd.t');
    expect(
      register({ ...base, foreignKeys: [{ name: 'f', column: 'other', table: 'gone' }] }),
    ).toThrow('not synced');
    expect(
      register({
        ...base,
        columns: [...base.columns, { name: '_sync_scope_id', type: 'uuid', sqlType: 'uuid' }],
      }),
    ).toThrow('scope column');
  });
});

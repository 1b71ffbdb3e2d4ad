/**
 * The freeze (`protocol.md` §11.4): dirty rows become the one frozen bundle, in a single transaction that
 * deletes exactly the dirty rows it moved, so that no write can fall between. And the way back: a bundle
 * that was refused returns to the dirty set whole, newer local images keeping their place (B34).
 *
 * Rows that belong together are not split: rows of one local transaction, and rows of which one needs the
 * other, unless those of several transactions are more than any bundle holds. A held row keeps its whole group
 * out of the bundle; everything else is taken.
 */
import { canonicalRequestRow, hashCanonicalRows } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { utf8Length } from '../../shared/bytes.ts';
import { assert } from '../../shared/assert.ts';
import { rowToWire } from '../../shared/schema/row-codec.ts';
import { keyJsonOf } from './catalog.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import { readDirtySet } from './dirty-set.ts';
import type { DirtyRow } from './dirty-set.ts';
import { dropIntent, releaseChanged, rowKey } from './intents.ts';
import { Rollback, protocolFailure, rowFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import type { Result } from '../../shared/result.ts';
import { actsOf, groupRows, withNeeds } from './groups.ts';
import type { DirtyAct } from './groups.ts';
import type { Sql } from './ports.ts';
import {
  clearOutbox,
  numberOf,
  readAttachment,
  readNextBundleId,
  readOutbox,
  setOutbox,
  textOf,
} from './state.ts';

export interface BundleBounds {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

interface FrozenRow {
  readonly dirty: DirtyRow;
  readonly request: PushRequestRow;
}

function requestRowOf(context: Context, dirty: DirtyRow): PushRequestRow {
  const { catalog } = context;
  const { table, id, base, payload } = dirty;
  const named = {
    schema: catalog.schemaName,
    table: table.name,
    key: { [table.declared.key]: id },
    base_row_version: base,
  };
  if (payload === null) return { ...named, op: 'DELETE' };
  const wire = rowToWire(table.name, table.declared, payload);
  if (!wire.ok) throw new Rollback(rowFailure(wire.error));
  return { ...named, op: dirty.isLive ? 'UPDATE' : 'INSERT', payload: wire.value };
}

/** All upserts by (table order, ordinal), then all deletes by (reverse table order, ordinal). */
function comparePushOrder(a: DirtyRow, b: DirtyRow): number {
  const isDeleteA = a.payload === null;
  if (isDeleteA !== (b.payload === null)) return isDeleteA ? 1 : -1;
  const byTable = isDeleteA ? b.table.order - a.table.order : a.table.order - b.table.order;
  return byTable === 0 ? a.ordinal - b.ordinal : byTable;
}

type Taken = 'taken' | 'full' | 'too-large';

interface Bundle {
  readonly rows: readonly FrozenRow[];
  /** All of these rows or none. `too-large`: not even alone. */
  take(rows: readonly DirtyRow[]): Taken;
}

function createBundle(context: Context, bounds: BundleBounds): Bundle {
  const chosen: FrozenRow[] = [];
  let bytes = 2;
  return {
    rows: chosen,
    take(rows): Taken {
      if (rows.length > bounds.rowsMax) return 'too-large';
      const frozen = rows.map((dirty) => ({ dirty, request: requestRowOf(context, dirty) }));
      const size = frozen.reduce(
        (sum, { request }) => sum + utf8Length(canonicalRequestRow(request, 0)) + 12,
        0,
      );
      if (2 + size > bounds.bytesMax) return 'too-large';
      if (chosen.length + rows.length > bounds.rowsMax || bytes + size > bounds.bytesMax)
        return 'full';
      for (const row of frozen) chosen.push(row);
      bytes += size;
      return 'taken';
    },
  };
}

/** Acts of a group that no bundle holds whole, in order, each behind or beside what it needs. */
function takeActs(bundle: Bundle, group: readonly DirtyRow[]): Taken {
  const done = new Set<DirtyAct>();
  for (const act of actsOf(group)) {
    const acts = withNeeds(act, done);
    const taken = bundle.take(acts.flatMap(({ rows }) => rows));
    if (taken === 'full') return 'full';
    if (taken === 'taken') for (const each of acts) done.add(each);
  }
  return 'too-large';
}

/** Whole groups without a held row, in the order of their first row, as far as the bounds allow. */
function chooseRows(
  context: Context,
  dirty: readonly DirtyRow[],
  bounds: BundleBounds,
): { readonly rows: readonly FrozenRow[]; readonly isPart: boolean } {
  const bundle = createBundle(context, bounds);
  if (dirty.every((row) => !row.isHeld) && bundle.take(dirty) === 'taken')
    return { rows: bundle.rows, isPart: false };
  let isPart = false;
  for (const group of groupRows(dirty)) {
    if (group.some((row) => row.isHeld)) continue;
    const whole = bundle.take(group);
    const taken = whole === 'too-large' ? takeActs(bundle, group) : whole;
    if (taken !== 'taken') isPart = true;
    if (taken === 'full') break;
  }
  if (isPart && bundle.rows.length === 0)
    throw new Rollback(protocolFailure('bundle-too-large', `${dirty.length} rows`));
  return { rows: bundle.rows, isPart };
}

function writeOutbox(context: Context, sql: Sql, rows: readonly FrozenRow[]): void {
  const { catalog } = context;
  const attachment = readAttachment(sql);
  const sourceBundleId = readNextBundleId(sql, attachment.sourceId);
  const canonical = rows.map(({ request }, ordinal) => canonicalRequestRow(request, ordinal));
  rows.forEach(({ dirty, request }, ordinal) => {
    const key = rowKey(catalog, dirty.table, dirty.id);
    sql.run(
      `insert into _sync_outbox_rows (source_bundle_id, row_ordinal, schema_name, table_name, key_json,
         wire_key_json, op, base_row_version, local_payload, wire_payload)
       select ?4, ?5, schema_name, table_name, key_json, ?6, ?7, base_row_version, payload, ?8
       from _sync_dirty_rows where schema_name = ?1 and table_name = ?2 and key_json = ?3`,
      [
        ...key,
        sourceBundleId,
        ordinal,
        keyJsonOf(dirty.table, dirty.id),
        request.op,
        request.payload === undefined ? null : JSON.stringify(request.payload),
      ],
    );
    const moved = sql.run(
      'delete from _sync_dirty_rows where schema_name = ?1 and table_name = ?2 and key_json = ?3',
      key,
    );
    assert(moved === 1, 'a frozen row was dirty');
  });
  setOutbox(sql, {
    state: 'prepared',
    source_id: attachment.sourceId,
    source_bundle_id: sourceBundleId,
    initialization_id: attachment.initializationId,
    canonical_request_hash: hashCanonicalRows(canonical).hash,
    row_count: rows.length,
    remote_bundle_hash: '',
    remote_bundle_seq: 0,
  });
  context.journal.frozen(sql, sourceBundleId);
}

/**
 * Freezes what can go; `empty` when there is nothing, `part` when more is left than the bounds allow. There is
 * never more than one frozen bundle.
 */
export function freezeOutbox(
  context: Context,
  bounds: BundleBounds,
): Result<'frozen' | 'part' | 'empty', SyncFailure> {
  return transact(context, (sql) => {
    assert(readOutbox(sql).state === 'none', 'a bundle is frozen only when there is none');
    releaseChanged(sql, context.catalog);
    const dirty: DirtyRow[] = [];
    for (const row of readDirtySet(sql, context.catalog)) {
      // Made and removed again before anybody knew it.
      if (row.payload === null && !row.isLive && !row.isHeld)
        dropIntent(sql, rowKey(context.catalog, row.table, row.id));
      else dirty.push(row);
    }
    const { rows, isPart } = chooseRows(context, dirty, bounds);
    if (rows.length === 0) return 'empty';
    writeOutbox(
      context,
      sql,
      rows.toSorted((a, b) => comparePushOrder(a.dirty, b.dirty)),
    );
    return isPart ? 'part' : 'frozen';
  });
}

/** The frozen rows as they go over the wire, in order. */
export function readRequestRows(context: Context): readonly PushRequestRow[] {
  return context.sql
    .all(
      `select schema_name, table_name, wire_key_json, op, base_row_version, wire_payload
       from _sync_outbox_rows order by row_ordinal`,
    )
    .map((row) => {
      const op = textOf(row, 'op');
      const payload = row['wire_payload'];
      return {
        schema: textOf(row, 'schema_name'),
        table: textOf(row, 'table_name'),
        key: JSON.parse(textOf(row, 'wire_key_json')) as Record<string, string>,
        op: op === 'INSERT' || op === 'DELETE' ? op : 'UPDATE',
        base_row_version: numberOf(row, 'base_row_version'),
        ...(typeof payload === 'string'
          ? { payload: JSON.parse(payload) as Record<string, unknown> }
          : {}),
      };
    });
}

/** The frozen bundle becomes dirty again, inside the caller's transaction; newer images stay as they are. */
export function returnOutbox(context: Context, sql: Sql): void {
  const outbox = readOutbox(sql);
  if (outbox.state === 'none') return;
  // What was frozen first stays first.
  sql.run('update _sync_dirty_rows set dirty_ordinal = dirty_ordinal + ?1', [outbox.rowCount]);
  sql.run(
    `insert into _sync_dirty_rows (schema_name, table_name, key_json, op, base_row_version, payload, dirty_ordinal)
     select schema_name, table_name, key_json, op, base_row_version, local_payload, row_ordinal + 1
     from _sync_outbox_rows where true
     on conflict (schema_name, table_name, key_json) do update
       set base_row_version = excluded.base_row_version, dirty_ordinal = excluded.dirty_ordinal`,
  );
  clearOutbox(sql);
  context.journal.returned(sql, outbox.sourceBundleId);
}

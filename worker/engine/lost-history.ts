/**
 * A server that was restored to an earlier state (`protocol.md` §13.7): what this device knows beyond the
 * last number that both histories share is *lost history*. Where nothing of it is known here, the device goes
 * on. Otherwise its source rotates, and the next snapshot settles the rows: offered again as intents, given up
 * to the server, or left as the server has them because nothing is known of what is shared. Every row that
 * differed is listed for the person, with both sides, until it is dismissed.
 *
 * Unsent intents are kept whatever happens, and a committed outbox becomes intents again: that commit may be
 * among what is gone.
 */
import type { ErrorBody } from '../../shared/protocol/errors.ts';
import type { Result } from '../../shared/result.ts';
import { areRowsEqual, rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Applying } from './applying.ts';
import { findRow, getTable, idOfKeyJson } from './catalog.ts';
import type { SyncedTable } from './catalog.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import { decodePayload } from './decode.ts';
import { Rollback } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { dropRowState, findBase, rowKey, setBase, setIntent } from './intents.ts';
import type { RowKey } from './intents.ts';
import type { Sql, SqlRow } from './ports.ts';
import { removeWithDescendants } from './references.ts';
import { rotateIn } from './rotate.ts';
import {
  findMeta,
  numberOf,
  readAttachment,
  readOutbox,
  setAttachment,
  setMeta,
  textOf,
} from './state.ts';
import type { LostPolicy } from './state.ts';

/** Why the server speaks of another history: it says so itself, or it is behind this device. */
const CODES = new Set(['server_epoch_changed', 'checkpoint_ahead']);

/** A refusal that tells how far this history goes; without that only a rebuild can help. */
export const isLostHistory = (code: string, body: ErrorBody | null): boolean =>
  CODES.has(code) && (code === 'server_epoch_changed' || body?.latest_bundle_seq !== undefined);

/** The highest number of the server's history that anything here depends on. */
function newestKnown(sql: Sql): number {
  const [row] = sql.all('select coalesce(max(row_version), 0) as newest from _sync_row_state');
  const outbox = readOutbox(sql);
  const committed = outbox.state === 'committed_remote' ? outbox.remoteBundleSeq : 0;
  return Math.max(
    readAttachment(sql).checkpoint,
    committed,
    row === undefined ? 0 : numberOf(row, 'newest'),
  );
}

/** Several restores before one recovery: what is shared is what was shared by all of them. */
function addLoss(sql: Sql, base: number | null, policy: 'reoffer' | 'discard'): void {
  const known = findMeta(sql);
  if (base === null || known.lostPolicy === 'unknown') {
    setMeta(sql, { lost_policy: 'unknown', lost_base: 0 });
    return;
  }
  const isFirst = known.lostPolicy === 'none';
  setMeta(sql, {
    lost_policy: policy,
    lost_base: isFirst ? base : Math.min(known.lostBase, base),
  });
}

/** Remembers the new history. `unharmed`: nothing known here is gone, and the same call can be made again. */
export function meetOtherHistory(
  context: Context,
  body: ErrorBody | null,
): Result<'unharmed' | 'recover', SyncFailure> {
  const fresh = context.ids.uuid();
  const base =
    body?.server_epoch === undefined ? body?.latest_bundle_seq : body.epoch_base_bundle_seq;
  return transact(context, (sql) => {
    if (body?.server_epoch !== undefined) setMeta(sql, { server_epoch: body.server_epoch });
    const newest = newestKnown(sql);
    if (newest === 0 || (typeof base === 'number' && newest <= base)) return 'unharmed';
    addLoss(sql, base ?? null, body?.restore_policy ?? 'reoffer');
    rotateIn(context, sql, fresh, 'source_sequence_changed', '');
    return 'recover';
  });
}

/** The history that an answer was given in, where none is known yet; never another one than is known. */
export function rememberEpoch(sql: Sql, epoch: string | undefined): void {
  if (epoch !== undefined && findMeta(sql).serverEpoch === '')
    setMeta(sql, { server_epoch: epoch });
}

function list(
  sql: Sql,
  table: SyncedTable,
  key: RowKey,
  sides: { readonly mine: LocalRow | null; readonly theirs: LocalRow | null },
  fate: 'offered' | 'replaced',
): void {
  const json = (row: LocalRow | null): string | null =>
    row === null ? null : rowToLocalJson(table.declared, row);
  sql.run(
    `insert into _sync_x_lost (schema_name, table_name, key_json, mine, theirs, fate)
     values (?1, ?2, ?3, ?4, ?5, ?6)
     on conflict (schema_name, table_name, key_json) do update set mine = excluded.mine,
       theirs = excluded.theirs, fate = excluded.fate, lost_at = excluded.lost_at`,
    [...key, json(sides.mine), json(sides.theirs), fate],
  );
}

/** One row of lost history meets what the snapshot says of it (`staged` null: it has no such row). */
function settleRow(
  applying: Applying,
  row: SqlRow,
  policy: LostPolicy,
  staged: { readonly version: number; readonly row: LocalRow } | null,
): void {
  const { sql, catalog } = applying;
  const table = getTable(catalog, textOf(row, 'table_name'));
  const id = idOfKeyJson(table, textOf(row, 'key_json'));
  const key = rowKey(catalog, table, id);
  const isDirty = numberOf(row, 'dirty') === 1;
  const isOffered = policy === 'reoffer' && !table.declared.serverWritten;
  const mine = numberOf(row, 'deleted') === 1 ? null : findRow(sql, table, id);
  const theirs = staged?.row ?? null;
  dropRowState(sql, key);
  const isSame = (known: LocalRow | null): boolean =>
    known === null || theirs === null
      ? known === theirs
      : areRowsEqual(table.declared, known, theirs);
  if (isDirty) {
    const known = findBase(sql, table, key);
    // All of the image counts as mine now, not only what was edited since the history that is gone.
    if (isOffered) setBase(sql, table, key, staged?.version ?? 0, theirs);
    else if (known !== null && !isSame(known))
      list(sql, table, key, { mine: known, theirs }, 'replaced');
    return;
  }
  if (isSame(mine)) return;
  list(sql, table, key, { mine, theirs }, isOffered ? 'offered' : 'replaced');
  if (!isOffered) return;
  setIntent(sql, table, key, staged?.version ?? 0, mine);
  setBase(sql, table, key, staged?.version ?? 0, theirs);
}

/** Before a snapshot is applied: rows of lost history become intents, or make way. */
export function settleLostHistory(
  applying: Applying,
  snapshot: { readonly snapshotId: string; readonly snapshotBundleSeq: number },
): void {
  const { sql, catalog } = applying;
  const { snapshotId, snapshotBundleSeq } = snapshot;
  // A snapshot that is older than what is known here: restored, and nobody said so.
  if (findMeta(sql).lostPolicy === 'none' && newestKnown(sql) > snapshotBundleSeq)
    addLoss(sql, snapshotBundleSeq, 'reoffer');
  const { lostPolicy: policy, lostBase } = findMeta(sql);
  if (policy === 'none') return;
  const rows = sql.all(
    `select s.table_name, s.key_json, s.deleted, d.key_json is not null as dirty,
       g.row_version as staged_version, g.payload as staged
     from _sync_row_state s
     left join _sync_dirty_rows d using (schema_name, table_name, key_json)
     left join _sync_snapshot_stage g on g.snapshot_id = ?1 and g.schema_name = s.schema_name
       and g.table_name = s.table_name and g.key_json = s.key_json
     where s.row_version > ?2`,
    [snapshotId, policy === 'unknown' ? 0 : lostBase],
  );
  for (const row of rows) {
    const table = getTable(catalog, textOf(row, 'table_name'));
    const id = idOfKeyJson(table, textOf(row, 'key_json'));
    if (typeof row['staged'] !== 'string') {
      settleRow(applying, row, policy, null);
      continue;
    }
    const payload = JSON.parse(row['staged']) as Record<string, unknown>;
    const staged = decodePayload(table, id, payload);
    if (!staged.ok) throw new Rollback(staged.error);
    settleRow(applying, row, policy, {
      version: numberOf(row, 'staged_version'),
      row: staged.value,
    });
  }
  setMeta(sql, { lost_policy: '', lost_base: 0 });
}

/** Where the server's state stands and there is none, only what is unsent stays. */
function removeWhatWasSent(applying: Applying): void {
  const { sql, catalog } = applying;
  for (const table of catalog.tables.toReversed()) {
    const { key } = table.declared;
    const rows = sql.all(
      `select r."${key}" as id from "${table.name}" r where not exists (
         select 1 from _sync_dirty_rows d where d.schema_name = ?1 and d.table_name = ?2
           and d.key_json = json_object('${key}', r."${key}"))`,
      [catalog.schemaName, table.name],
    );
    for (const row of rows) removeWithDescendants(applying, table, textOf(row, 'id'));
  }
}

/**
 * The server has no history of this household at all: everything that this device has becomes the first data
 * of the next one, under a source that the server has not met; or, where that was wanted, what is unsent
 * alone. True when there was anything.
 */
export function offerEverything(context: Context, applying: Applying, fresh: string): boolean {
  const { sql } = applying;
  if (newestKnown(sql) === 0) return false;
  const isWanted = findMeta(sql).lostPolicy === 'discard';
  setMeta(sql, { lost_policy: isWanted ? 'discard' : 'reoffer', lost_base: 0 });
  rotateIn(context, sql, fresh, 'source_sequence_changed', '');
  settleLostHistory(applying, { snapshotId: '', snapshotBundleSeq: 0 });
  if (isWanted) removeWhatWasSent(applying);
  setAttachment(sql, { last_bundle_seq_seen: 0, rebuild_required: 0 });
  return true;
}

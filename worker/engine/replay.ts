/**
 * The own committed bundle over newer local work (`protocol.md` §11.8), in one apply transaction.
 *
 * For every pushed row the live row L is compared with what was pushed. Unchanged since: the server's row
 * replaces it (a name the server tidied, a time it corrected). Changed since: the newer image stays and
 * becomes an intent on the committed version, with the columns that were not edited since the freeze taken
 * from the committed row. Rows that the server added by itself are applied like pulled ones, which includes
 * meeting intents. Afterwards the outbox is empty, the source's next number has risen, and the checkpoint
 * has moved if and only if nothing of other sources lies in between (§11.9).
 */
import { assert, must } from '../../shared/assert.ts';
import { areRowsEqual, areValuesEqual } from '../../shared/schema/row-codec.ts';
import type { LocalRow, LocalValue } from '../../shared/schema/row-codec.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying, markWritten } from './applying.ts';
import type { Applying } from './applying.ts';
import {
  deleteRow,
  findRow,
  getTable,
  idOfKeyJson,
  rowFromLocalJson,
  writeRow,
} from './catalog.ts';
import type { SyncedTable } from './catalog.ts';
import { apply } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import {
  dropIntent,
  dropRowState,
  findIntent,
  rowKey,
  setBase,
  setIntent,
  setRowState,
} from './intents.ts';
import type { RowKey } from './intents.ts';
import { applyIncoming, applyServerRow, meetIntent } from './rebase.ts';
import { endApplying, planResolutions } from './resolutions.ts';
import type { ServerRow } from './resolutions.ts';
import {
  clearOutbox,
  numberOf,
  raiseNextBundleId,
  readAttachment,
  readOutbox,
  setAttachment,
  textOf,
} from './state.ts';
import type { Sql } from './ports.ts';

interface PushedRow {
  readonly table: SyncedTable;
  readonly id: string;
  readonly payload: LocalRow | null;
}

function readPushed(context: Context, sql: Sql): ReadonlyMap<string, PushedRow> {
  const pushed = new Map<string, PushedRow>();
  const rows = sql.all(
    'select table_name, key_json, local_payload from _sync_outbox_rows order by row_ordinal',
  );
  for (const row of rows) {
    const table = getTable(context.catalog, textOf(row, 'table_name'));
    const id = idOfKeyJson(table, textOf(row, 'key_json'));
    const payload = row['local_payload'];
    pushed.set(`${table.name} ${id}`, {
      table,
      id,
      payload: typeof payload === 'string' ? rowFromLocalJson(sql, table, payload) : null,
    });
  }
  return pushed;
}

/** Columns edited since the freeze from the live row, the others as committed. */
function overlay(
  table: SyncedTable,
  live: LocalRow,
  pushed: LocalRow | null,
  committed: LocalRow,
): LocalRow {
  const row: Record<string, LocalValue> = {};
  for (const name of table.columnNames) {
    const mine = live[name] ?? null;
    const isEdited = pushed === null || !areValuesEqual(mine, pushed[name] ?? null);
    row[name] = isEdited ? mine : (committed[name] ?? null);
  }
  return row;
}

/** The newer image stays: an intent on the committed version. */
function keepNewer(
  applying: Applying,
  key: RowKey,
  committed: ServerRow,
  payload: LocalRow | null,
): void {
  const { sql } = applying;
  setRowState(sql, key, { version: committed.version, deleted: committed.row === null });
  if (payload !== null) {
    writeRow(sql, committed.table, payload);
    markWritten(applying, committed.table, committed.id);
  }
  setIntent(sql, committed.table, key, committed.version, payload);
  setBase(sql, committed.table, key, committed.version, committed.row);
}

function replayRow(applying: Applying, pushed: PushedRow, committed: ServerRow): void {
  const { sql, catalog } = applying;
  const { table, id } = pushed;
  const key = rowKey(catalog, table, id);
  const live = findRow(sql, table, id);
  const newer = findIntent(sql, catalog, key);
  const accept = (): void => {
    dropIntent(sql, key);
    applyServerRow(applying, key, committed);
  };
  if (newer === null) {
    accept();
    return;
  }
  if (committed.row === null) {
    // Deleted as pushed, or by the server's own logic: a newer image is based on the tombstone.
    if (newer.payload === null || live === null) accept();
    else if (pushed.payload === null) keepNewer(applying, key, committed, live);
    else meetIntent(applying, committed, newer);
    return;
  }
  if (newer.payload === null) {
    keepNewer(applying, key, committed, null);
    return;
  }
  if (live === null) {
    // Orphaned meanwhile: the image waits in its intent.
    meetIntent(applying, committed, newer);
    return;
  }
  if (pushed.payload !== null && areRowsEqual(table.declared, live, pushed.payload)) {
    accept();
    return;
  }
  const row = overlay(table, live, pushed.payload, committed.row);
  if (areRowsEqual(table.declared, row, committed.row)) accept();
  else keepNewer(applying, key, committed, row);
}

/** A pushed row that the server's own logic removed again before the commit. */
function replayMissing(applying: Applying, pushed: PushedRow): void {
  const { sql, catalog } = applying;
  const key = rowKey(catalog, pushed.table, pushed.id);
  const newer = findIntent(sql, catalog, key);
  dropRowState(sql, key);
  if (newer !== null) {
    setIntent(sql, pushed.table, key, 0, newer.payload);
    setBase(sql, pushed.table, key, 0, null);
    return;
  }
  dropIntent(sql, key);
  deleteRow(sql, pushed.table, pushed.id);
}

export interface CommittedOwn {
  readonly bundleSeq: number;
  /** The bundle before it, where that is known: a new server epoch leaves a gap. */
  readonly previousSeq?: number;
  readonly rows: readonly ServerRow[];
}

export function replay(context: Context, own: CommittedOwn): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    const outbox = readOutbox(sql);
    assert(outbox.state === 'committed_remote', 'only a committed outbox is replayed');
    const pushed = readPushed(context, sql);
    // Rows the server made by itself are counted for the timeline; the pushed ones are its own story.
    const applying = beginApplying(context, sql);
    const seen = new Set<string>();
    const markOf = ({ table, id }: ServerRow): string => `${table.name} ${id}`;
    planResolutions(
      applying,
      own.rows.filter((row) => !pushed.has(markOf(row))),
    );
    for (const committed of own.rows) {
      const mark = markOf(committed);
      const row = pushed.get(mark);
      if (row === undefined) applyIncoming(applying, committed);
      else {
        seen.add(mark);
        replayRow(applying, row, committed);
      }
    }
    for (const [mark, row] of pushed) if (!seen.has(mark)) replayMissing(applying, row);
    endApplying(applying);
    raiseNextBundleId(sql, outbox.sourceId, outbox.sourceBundleId + 1);
    const { checkpoint } = readAttachment(sql);
    setAttachment(sql, {
      pending_initialization_id: '',
      ...(own.bundleSeq > checkpoint && checkpoint >= (own.previousSeq ?? own.bundleSeq - 1)
        ? { last_bundle_seq_seen: own.bundleSeq }
        : {}),
    });
    clearOutbox(sql);
    context.journal.committed(sql, {
      sourceBundleId: outbox.sourceBundleId,
      bundleSeq: own.bundleSeq,
      extra: [...applying.counts.values()],
    });
    const left = must(sql.all('select count(*) as rows from _sync_outbox_rows')[0], 'a count');
    assert(numberOf(left, 'rows') === 0, 'a replayed outbox is empty');
  });
}

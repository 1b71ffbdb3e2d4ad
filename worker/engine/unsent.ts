/**
 * Unsent work that a person lets go of (`protocol.md` §11.6, B40, B41): first as a file, then, confirmed with
 * the fingerprint of exactly that file, for good. What changed in between is never discarded with it. The same
 * file shape tells what a restored server replaced (`lost-history.ts`).
 */
import { textHash } from '../../shared/protocol/bundle-hash.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying } from './applying.ts';
import { writeRow } from './catalog.ts';
import { apply } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import { dropIntent, findBase, findRowState, intentFromRow, rowKey } from './intents.ts';
import type { Sql, SqlRow } from './ports.ts';
import { removeWithDescendants, settleReferences } from './references.ts';
import { rotateIn } from './rotate.ts';
import { numberOf, readAttachment, readOutbox, setAttachment, textOf } from './state.ts';

export interface RowsFile {
  /** JSON, for a person to keep. */
  readonly text: string;
  readonly rows: number;
  /** Names this content and no other: what is discarded must be what was saved. */
  readonly confirmation: string;
}

interface FileRow {
  readonly table: string;
  readonly key: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
}

const parsed = (row: SqlRow, name: string): unknown =>
  typeof row[name] === 'string' ? (JSON.parse(row[name]) as unknown) : null;

function fileOf(format: string, rows: readonly SqlRow[]): RowsFile {
  const listed = rows.map((row): FileRow => ({
    table: textOf(row, 'table_name'),
    key: parsed(row, 'key_json'),
    mine: parsed(row, 'mine'),
    theirs: parsed(row, 'theirs'),
  }));
  const text = JSON.stringify({ format, version: 1, rows: listed }, null, 2);
  return { text, rows: listed.length, confirmation: textHash(text) };
}

/** Every row that the household has not got: mine as it is here, theirs as it was when mine began. */
export const exportUnsent = (sql: Sql): RowsFile =>
  fileOf(
    'larder-unsent',
    sql.all(
      `select d.table_name, d.key_json, d.payload as mine, b.payload as theirs from _sync_dirty_rows d
       left join _sync_x_base b using (schema_name, table_name, key_json)
       union all
       select o.table_name, o.key_json, o.local_payload, b.payload from _sync_outbox_rows o
       left join _sync_x_base b using (schema_name, table_name, key_json)
       where not exists (select 1 from _sync_dirty_rows d where d.schema_name = o.schema_name
         and d.table_name = o.table_name and d.key_json = o.key_json)
       order by 1, 2`,
    ),
  );

/** Every row that a restored server had otherwise than this device. */
export const exportLost = (sql: Sql): RowsFile =>
  fileOf(
    'larder-replaced',
    sql.all('select table_name, key_json, mine, theirs from _sync_x_lost order by 1, 2'),
  );

export const countLost = (sql: Sql): number => {
  const [row] = sql.all('select count(*) as rows from _sync_x_lost');
  return row === undefined ? 0 : numberOf(row, 'rows');
};

/** Rows go back to what the household had; what it never had goes. */
function giveUpAll(context: Context, sql: Sql): void {
  const { catalog } = context;
  const applying = beginApplying(context, sql);
  const intents = sql
    .all(
      'select table_name, key_json, base_row_version, payload, dirty_ordinal from _sync_dirty_rows',
    )
    .map((row) => intentFromRow(sql, catalog, row))
    .toSorted((a, b) => b.table.order - a.table.order);
  // Children first: a parent takes nothing with it that still is an intent.
  for (const { table, id } of intents) {
    const key = rowKey(catalog, table, id);
    const before = findBase(sql, table, key);
    const isLive = findRowState(sql, key)?.deleted === false;
    dropIntent(sql, key);
    if (before === null || !isLive) removeWithDescendants(applying, table, id);
    else {
      writeRow(sql, table, before);
      applying.written.set(`${table.name} ${id}`, { table, id });
    }
    sql.run('insert or ignore into _sync_x_stale_tables (table_name) values (?1)', [table.name]);
  }
  settleReferences(applying);
}

/**
 * Lets go of exactly what was saved. `changed`: something is unsent that is not in that file, and nothing
 * happened. A bundle that is under way may have been committed: its source never sends again, and the next
 * exchange looks at the rows anew.
 */
export function discardUnsent(
  context: Context,
  confirmation: string,
): Result<'discarded' | 'changed', SyncFailure> {
  const fresh = context.ids.uuid();
  return apply(context, (sql) => {
    if (exportUnsent(sql).confirmation !== confirmation) return 'changed';
    if (readOutbox(sql).state !== 'none')
      rotateIn(context, sql, fresh, 'source_sequence_changed', '');
    giveUpAll(context, sql);
    if (readAttachment(sql).isAttached) setAttachment(sql, { rebuild_required: 1 });
    else sql.run('delete from _sync_x_stale_tables');
    context.journal.discarded(sql);
    return 'discarded';
  });
}

export function dismissLost(context: Context): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    sql.run('delete from _sync_x_lost');
  });
}

/**
 * What happened: this device's timeline (its own acts and what arrived), what waits for a person, and the
 * household's activity as the server wrote it.
 */
import type { Sentence } from '../../shared/acts/acts.ts';
import { kitchenSchema, tables } from '../../shared/schema/tables.ts';
import type {
  ActivityRow,
  HeldRow,
  QueryArgs,
  RowCount,
  TimelineEntry,
} from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from './rows.ts';

const LIMIT_MAX = 500;

const bounded = (limit: number): number => Math.max(1, Math.min(LIMIT_MAX, Math.floor(limit)));

const STATES = ['saved', 'sending', 'accepted', 'combined', 'choice', 'refused', 'undone'] as const;

const stateOf = (row: SqlRow): TimelineEntry['state'] =>
  STATES.find((state) => state === row['state']) ?? 'accepted';

export function timelineQuery(
  sql: Sql,
  { limit }: QueryArgs<'timeline'>,
): readonly TimelineEntry[] {
  const rows = sql.all(
    `select a.id, a.direction, a.sentence, a.at, a.row_counts, a.bundle_seq, d.person, d.device,
       case
         when exists (select 1 from choices c where c.act_id = a.id and c.state = 'open') then 'choice'
         when a.state = 'accepted' and exists (select 1 from combined_acts m where m.act_id = a.id)
           then 'combined'
         else a.state
       end as state
     from acts a left join directory d on d.source_id = a.source_id
     where a.direction = 'in' or a.row_counts <> '[]' or a.act glob 'choice.*' or a.id glob 'withdrawn:*'
     order by a.ordinal desc limit ?1`,
    [bounded(limit)],
  );
  return rows.map((row) => {
    const incoming = textOf(row, 'direction') === 'in';
    // Both texts were written by the timeline itself, so their shape is known.
    return {
      id: textOf(row, 'id'),
      sentence: JSON.parse(textOf(row, 'sentence')) as Sentence,
      at: textOf(row, 'at'),
      by: incoming
        ? { person: textOrNull(row, 'person'), device: textOrNull(row, 'device') }
        : null,
      direction: incoming ? 'in' : 'out',
      rows: JSON.parse(textOf(row, 'row_counts')) as readonly RowCount[],
      state: stateOf(row),
      bundleSeq: numberOrNull(row, 'bundle_seq'),
    };
  });
}

/** The column that names a row to people, by table. */
function titleColumn(table: string): string | null {
  const columns = table in tables ? tables[table as keyof typeof tables].columns : {};
  return ['title', 'name', 'wording'].find((name) => name in columns) ?? null;
}

/** An orphan is in no table: what the person wrote is in its intent alone. */
function titleOf(sql: Sql, table: string, id: string): string {
  const column = titleColumn(table);
  if (column === null) return '';
  const [row] = sql.all(
    `select coalesce(
       (select ${column} from ${table} where id = ?1),
       (select json_extract(payload, '$.${column}') from _sync_dirty_rows
        where schema_name = ?2 and table_name = ?3 and key_json = json_object('id', ?1))) as title`,
    [id, kitchenSchema.name, table],
  );
  return row === undefined ? '' : (textOrNull(row, 'title') ?? '');
}

const reasonOf = (reason: string): HeldRow['reason'] =>
  reason === 'rejected' || reason === 'orphaned' ? reason : 'conflict';

function detailWord(detail: string): string {
  const value: unknown = detail.startsWith('{') ? JSON.parse(detail) : detail;
  if (typeof value === 'string') return value;
  const found = Object.entries(value ?? {}).find(
    ([name, word]) =>
      ['code', 'constraint', 'kind', 'type'].includes(name) && typeof word === 'string',
  );
  return found === undefined ? '' : String(found[1]);
}

export function heldQuery(sql: Sql): readonly HeldRow[] {
  const rows = sql.all(
    `select table_name, json_extract(key_json, '$.id') as id, reason, detail, held_at
     from _sync_x_held where schema_name = ?1 order by held_at, table_name, key_json`,
    [kitchenSchema.name],
  );
  return rows.map((row) => {
    const [table, id] = [textOf(row, 'table_name'), textOf(row, 'id')];
    return {
      table,
      id,
      title: titleOf(sql, table, id),
      reason: reasonOf(textOf(row, 'reason')),
      detail: detailWord(textOf(row, 'detail')),
      heldAt: textOf(row, 'held_at'),
    };
  });
}

export function activityQuery(sql: Sql, { limit }: QueryArgs<'activity'>): readonly ActivityRow[] {
  const rows = sql.all(
    `select id, happened_at, actor, verb, subject_table, title, how_many from activity
     order by happened_at desc, id desc limit ?1`,
    [bounded(limit)],
  );
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    happenedAt: textOf(row, 'happened_at'),
    actor: textOrNull(row, 'actor'),
    verb: textOf(row, 'verb'),
    subjectTable: textOf(row, 'subject_table'),
    title: textOrNull(row, 'title'),
    howMany: numberOf(row, 'how_many'),
  }));
}

/**
 * How a row of a frozen snapshot is kept and read back. Stored are the JSON texts of its values, in the order
 * of the column names; the object of a page and the line of a stream are both made from them inside the
 * database by one native call, so no row is ever parsed.
 */
import { assert, must } from '../../shared/assert.ts';
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import type { Tx } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { type RegisteredTable, SCOPE_COLUMN, tableSql } from './registry.ts';
import { columnsByName, keyBytesSql, valuesSql } from './render.ts';
import { findSnapshotSession } from './snapshot-session.ts';

/**
 * A SnapshotRow for SQL's `format`: argument 1 is the version, the others are the values. Names match
 * [a-z0-9_]+, so nothing else in it is read as a directive.
 */
function rowFormat(table: RegisteredTable): string {
  const columns = columnsByName(table);
  const keyAt = columns.findIndex((column) => column.name === table.key) + 2;
  const members = columns.map((column, index) => `"${column.name}":%${String(index + 2)}$s`);
  return `{"schema":"${table.schema}","table":"${table.table}","key":{"${table.key}":%${String(keyAt)}$s},"row_version":%1$s,"payload":{${members.join(',')}}}`;
}

const ARGUMENTS = 'variadic array_prepend(r.row_version::text, r.vals)';

/**
 * Freezes the next rows of `table`, in the order of their key bytes; with `isFirst` from its beginning,
 * otherwise after the key in $4. A row without live row state has no version, which its column refuses: the
 * snapshot fails as the defect it is.
 */
export function freezeSql(table: RegisteredTable, rowsMax: number, isFirst: boolean): string {
  const place = `t."${table.key}"${table.keyType === 'text' ? ' collate "C"' : ''}`;
  const keyAt = columnsByName(table).findIndex((column) => column.name === table.key) + 1;
  return `
  with frozen as (
    insert into sync.snapshot_row (scope_id, snapshot_id, ordinal, table_no, row_version, vals, bytes)
    select $1::uuid, $2::uuid, $3::bigint + row_number() over (order by r.place), ${String(table.tableNo)},
      r.row_version, r.vals, octet_length(format('${rowFormat(table)}', ${ARGUMENTS}))
    from (
      select ${place} as place, s.row_version, ${valuesSql(table, 't')} as vals
      from (
        select * from ${tableSql(table)} t where t."${SCOPE_COLUMN}" = $1::uuid
          ${isFirst ? '' : `and ${place} > $4::text::${table.keyType}`}
        order by ${place} limit ${String(rowsMax)}
      ) t
      left join sync.row_state s on s.scope_id = t."${SCOPE_COLUMN}" and s.table_no = ${String(table.tableNo)}
        and s.key = ${keyBytesSql(table, 't')} and not s.deleted
    ) r
    returning ordinal, bytes, vals[${String(keyAt)}] as key
  )
  select count(*) as rows, coalesce(sum(bytes), 0)::bigint as bytes, coalesce(max(bytes), 0) as largest,
    (array_agg(key order by ordinal desc))[1] as last_key from frozen`;
}

/** The rows of one table inside the session: `first` to `last`, both inclusive. */
export interface FrozenRange {
  readonly table: RegisteredTable;
  readonly first: number;
  readonly last: number;
}

/** From what the session remembers: table number, rows and the schema version they were frozen for. */
export function rangesOf(context: SyncContext, tables: unknown): readonly FrozenRange[] {
  assert(Array.isArray(tables), 'a snapshot session knows its tables');
  let next = 1;
  return tables.map((entry: unknown): FrozenRange => {
    const [tableNo, rows, version] = entry as readonly [number, number, number];
    const table = must(
      context.registry.tablesAt(version).find((one) => one.tableNo === tableNo),
      'a frozen table is registered',
    );
    const first = next;
    next += rows;
    return { table, first, last: next - 1 };
  });
}

/** The formats of the tables between two ordinals, by table number, as `rowTextSql` takes them. */
export const encodeFormats = (
  ranges: readonly FrozenRange[],
  after: number,
  last: number,
): string =>
  JSON.stringify(
    Object.fromEntries(
      ranges
        .filter((range) => range.first <= last && range.last > after)
        .map(({ table }) => [table.tableNo, rowFormat(table)]),
    ),
  );

/** The SnapshotRow of row `r`; `formats` is a jsonb. */
export const rowTextSql = (formats: string): string =>
  `format(${formats} ->> r.table_no::text, ${ARGUMENTS})`;

/** Rows after $3 up to $4, at most $5 of them, and as many as fit into $6 bytes but at least one. */
const sliceSql = (joined: string, more: string): string => `
  select count(*) as rows, ${joined} as text from (
    select s.*, sum(s.bytes) over w as running, row_number() over w as place from sync.snapshot_row s
    where s.scope_id = $1::uuid and s.snapshot_id = $2::uuid and s.ordinal > $3::bigint
      and s.ordinal <= least($4::bigint, $3::bigint + $5::bigint)
    window w as (order by s.ordinal)
  ) r ${more} where r.running <= $6::bigint or r.place = 1`;

const READ_LINES = sliceSql(
  `string_agg(concat('[', r.row_version, ',', array_to_string(r.vals, ','), e']\\n'), '' order by r.ordinal)`,
  '',
);
const READ_OBJECTS = sliceSql(
  `string_agg(${rowTextSql('f.formats')}, ',' order by r.ordinal)`,
  'cross join (select $7::text::jsonb as formats offset 0) f',
);

export interface FrozenSlices {
  readonly snapshotId: string;
  readonly from: number;
  readonly to: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Null reads the lines of a stream, formats read objects joined by commas. */
  readonly formats: string | null;
}

/**
 * The texts of frozen rows, slice by slice, each in a short transaction of its own: a slow reader holds no
 * connection and no more than one slice of memory. Access is checked for each, so an expired session ends.
 */
export async function* readFrozen(
  context: SyncContext,
  caller: Caller,
  slices: FrozenSlices,
): AsyncGenerator<string, void, undefined> {
  const { snapshotId, to, rowsMax, bytesMax, formats } = slices;
  const read = async (tx: Tx, after: number): Promise<{ rows: number; text: string }> => {
    await findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs());
    const [slice] = await tx.query(formats === null ? READ_LINES : READ_OBJECTS, [
      caller.scopeId,
      snapshotId,
      after,
      to,
      rowsMax,
      bytesMax,
      ...(formats === null ? [] : [formats]),
    ]);
    const rows = slice === undefined ? 0 : numberOf(slice, 'rows');
    if (slice === undefined || rows === 0) {
      // The unlogged rows went with a crash of the database while the header stayed.
      refuse('snapshot_session_not_found', 'there is no such snapshot session');
    }
    return { rows, text: textOf(slice, 'text') };
  };
  for (let after = slices.from; after < to;) {
    const at = after;
    const { rows, text } = await context.database.transaction(
      { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
      (tx) => read(tx, at),
    );
    after += rows;
    yield text;
  }
}

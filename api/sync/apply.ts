/**
 * Writes staged rows to their tables in push order: consecutive rows of equal table, op and column set
 * are one statement, so a push of a thousand rows costs as many statements as one of ten (B12). The rows
 * never leave the database for it. Foreign keys are deferred, so only the end state counts.
 */
import type { WireOp } from '../../shared/protocol/shapes.ts';
import type { Tx } from './ports.ts';
import type { StagedRow } from './push-rows.ts';
import { numberOf, textOf } from './record.ts';
import {
  type RegisteredTable,
  type Registry,
  type SyncColumn,
  SCOPE_COLUMN,
  tableSql,
} from './registry.ts';
import { tableImageSql } from './render.ts';

/** Consecutive staged rows that are applied by one statement. */
export interface Run {
  readonly table: RegisteredTable;
  readonly op: WireOp;
  readonly columns: readonly SyncColumn[];
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
}

const READ_RUNS = `
  select table_no, op, columns, min(ordinal) as first_ordinal, max(ordinal) as last_ordinal
  from (
    select ordinal, table_no, op, columns, ordinal - row_number() over (
      partition by table_no, op, columns order by ordinal) as island
    from sync.push_session_row where scope_id = $1::uuid and push_id = $2::uuid
  ) staged
  group by table_no, op, columns, island order by min(ordinal)`;

export async function readRuns(
  tx: Tx,
  registry: Registry,
  scopeId: string,
  pushId: string,
): Promise<readonly Run[]> {
  const rows = await tx.query(READ_RUNS, [scopeId, pushId]);
  return rows.map((row) => {
    const table = registry.get(numberOf(row, 'table_no'));
    return {
      table,
      op: textOf(row, 'op') as WireOp,
      columns: namedColumns(table, textOf(row, 'columns')),
      firstOrdinal: numberOf(row, 'first_ordinal'),
      lastOrdinal: numberOf(row, 'last_ordinal'),
    };
  });
}

function namedColumns(table: RegisteredTable, columns: string): readonly SyncColumn[] {
  const names = new Set(columns.split(','));
  return table.columns.filter((column) => names.has(column.name));
}

/** The runs of rows that are staged in this order from ordinal 0, without asking the database. */
export function runsOf(rows: readonly StagedRow[]): readonly Run[] {
  const runs: Run[] = [];
  let first = 0;
  rows.forEach((row, ordinal) => {
    const next = rows[ordinal + 1];
    const goesOn =
      next !== undefined &&
      next.table === row.table &&
      next.op === row.op &&
      next.columns === row.columns;
    if (goesOn) return;
    runs.push({
      table: row.table,
      op: row.op,
      columns: namedColumns(row.table, row.columns),
      firstOrdinal: first,
      lastOrdinal: ordinal,
    });
    first = ordinal + 1;
  });
  return runs;
}

/** The staged payload as a record; bytes travel as base64 and are decoded on the way in. */
const recordSql = (columns: readonly SyncColumn[]): string =>
  columns
    .map((column) => `"${column.name}" ${column.type === 'bytea' ? 'text' : column.sqlType}`)
    .join(', ');
const valueSql = (column: SyncColumn): string =>
  column.type === 'bytea' ? `decode(v."${column.name}", 'base64')` : `v."${column.name}"`;

const STAGED = `sync.push_session_row r
  cross join lateral jsonb_to_record(r.payload) as v`;
const BETWEEN = `r.scope_id = $1::uuid and r.push_id = $2::uuid and r.ordinal between $3::int and $4::int`;

/**
 * The staged rows with their keys as the table has them. "offset" keeps the cast in here: behind row-level
 * security an index is only asked by what cannot leak, which a cast is not said to be, and without the index
 * each pushed row would read all rows of its household.
 */
const stagedKeysSql = (table: RegisteredTable): string => `
    select r.key_text::${table.keyType} as key, r.payload from sync.push_session_row r where ${BETWEEN} offset 0`;

type RunColumns = Pick<Run, 'table' | 'columns'>;

function insertSql(run: RunColumns): string {
  const names = run.columns.map((column) => `"${column.name}"`).join(', ');
  return `insert into ${tableSql(run.table)} ("${SCOPE_COLUMN}", ${names})
    select r.scope_id, ${run.columns.map(valueSql).join(', ')}
    from ${STAGED}(${recordSql(run.columns)}) where ${BETWEEN} order by r.ordinal`;
}

function updateSql(run: RunColumns): string {
  const key = run.table.key;
  const others = run.columns.filter((column) => column.name !== key);
  // A row without columns but its key still counts as an update of that row.
  const set =
    others.length === 0
      ? `"${key}" = t."${key}"`
      : others.map((column) => `"${column.name}" = ${valueSql(column)}`).join(', ');
  return `update ${tableSql(run.table)} t set ${set}
    from (${stagedKeysSql(run.table)}) r cross join lateral jsonb_to_record(r.payload) as v(${recordSql(run.columns)})
    where t."${SCOPE_COLUMN}" = $1::uuid and t."${key}" = r.key`;
}

function deleteSql(run: RunColumns): string {
  return `delete from ${tableSql(run.table)} t using (${stagedKeysSql(run.table)}) r
    where t."${SCOPE_COLUMN}" = $1::uuid and t."${run.table.key}" = r.key`;
}

function applySql(run: Run): string {
  switch (run.op) {
    case 'INSERT':
      return insertSql(run);
    case 'UPDATE':
      return updateSql(run);
    case 'DELETE':
      return deleteSql(run);
  }
}

/**
 * The runs as `sync.commit_push` takes them. An UPDATE that does not find all its rows lost some to an
 * earlier cascade of the same bundle; a DELETE of such a row is satisfied.
 */
export const encodeRuns = (registry: Registry, runs: readonly Run[]): string =>
  JSON.stringify(
    runs.map((run) => {
      const isWhole = run.op === 'DELETE' || run.columns.length === run.table.columns.length;
      return {
        statement: isWhole
          ? `select ${applyFunction(registry, run.table)}($1, $2, $3, $4, '${run.op}')`
          : applySql(run),
        counts: isWhole,
        first: run.firstOrdinal,
        last: run.lastOrdinal,
        exact: run.op === 'UPDATE',
      };
    }),
  );

/** Named by the schema version too: its columns are those of that version, and so are its plans. */
const applyFunction = (registry: Registry, table: RegisteredTable): string =>
  `sync.apply_${String(table.tableNo)}_${String(registry.schemaVersion)}`;

/**
 * Applies a run of rows that name every column of `table`, as clients of this version send them: the same
 * statements as for any other run, but in a function, so that each session plans them once.
 */
export function applyFunctionSql(registry: Registry, table: RegisteredTable): string {
  const whole = { table, columns: table.columns };
  return `create or replace function ${applyFunction(registry, table)}(uuid, uuid, integer, integer, op text)
    returns bigint language plpgsql as $apply$
    declare
      touched bigint;
    begin
      case op
        when 'INSERT' then ${insertSql(whole)};
        when 'UPDATE' then ${updateSql(whole)};
        when 'DELETE' then ${deleteSql(whole)};
      end case;
      get diagnostics touched = row_count;
      return touched;
    end $apply$`;
}

/** Stores the effects on rows of `table` as rows of bundle $2, with their images as they are now. */
export const storeFunctionSql = (table: RegisteredTable): string =>
  `create or replace function sync.store_${String(table.tableNo)}(
      uuid, bigint, keys bytea[], ops text[], ordinals integer[])
    returns void language plpgsql as $store$
    begin
      insert into sync.bundle_row (scope_id, bundle_seq, ordinal, table_no, key, op, payload)
      select $1, $2, e.ordinal, ${String(table.tableNo)}, e.key, e.op,
        case when e.op <> 'DELETE' then (${tableImageSql(table, 'e', '$1')}) end
      from unnest(keys, ops, ordinals) as e(key, op, ordinal);
    end $store$`;

/** Applies the rows of `run` from `first` to `last` by themselves; for the diagnosis pass. */
export async function applyRun(
  tx: Tx,
  scopeId: string,
  pushId: string,
  run: Run,
  first: number,
  last: number,
): Promise<void> {
  await tx.query(applySql(run), [scopeId, pushId, first, last]);
}

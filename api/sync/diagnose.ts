/**
 * The diagnosis pass (protocol.md §5.8). Set-based statements and deferred constraints name no row, so
 * when the database refused a bundle it is applied once more in a transaction that is always rolled back:
 * each run is halved until the culprits stand alone, then every foreign key and unique constraint of the
 * touched tables is tested by query. It costs nothing on success and runs at most once per attempt.
 */
import type { Rejection } from '../../shared/protocol/errors.ts';
import type { WireOp } from '../../shared/protocol/shapes.ts';
import { type Run, applyRun, readRuns } from './apply.ts';
import type { Caller } from './caller.ts';
import { OPEN_CONTEXT } from './commit-statements.ts';
import type { SyncContext } from './context.ts';
import { DatabaseRefusal, type Tx } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import { Refusal, refuse } from './refusal.ts';
import { type RegisteredTable, SCOPE_COLUMN, qualifiedName, tableSql } from './registry.ts';
import { lockScope } from './scope.ts';

interface PushedRow {
  readonly ordinal: number;
  readonly table: RegisteredTable;
  readonly op: WireOp;
  readonly keyText: string;
}

/** Unwinds the transaction with what was found. */
class Diagnosed extends Error {
  override readonly name = 'Diagnosed';
  readonly rejections: readonly Rejection[];

  constructor(rejections: readonly Rejection[]) {
    super('diagnosed');
    this.rejections = rejections;
  }
}

/** Of a value for an index of the application. */
const TOO_LONG = '54000';

const categoryOf = (constraint: Rejection['constraint'], sqlstate: string): Rejection['category'] =>
  constraint !== 'type'
    ? null
    : sqlstate === TOO_LONG
      ? 'row_too_large'
      : 'destination_type_invalid';

function constraintOf(sqlstate: string): Rejection['constraint'] {
  if (sqlstate === '23503' || sqlstate === '23001') return 'foreign_key';
  if (sqlstate === '23505' || sqlstate === '23P01') return 'unique';
  if (sqlstate === '23502') return 'not_null';
  if (sqlstate === '42703' || sqlstate === '428C9') return 'unknown_column';
  return sqlstate.startsWith('22') || sqlstate === TOO_LONG ? 'type' : 'check';
}

const CONSTRAINT_COLUMNS = `
  select a.attname as name from pg_constraint c
  join pg_namespace n on n.oid = c.connamespace
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
  where n.nspname = $1 and c.conname = $2 order by a.attnum`;

async function describe(
  tx: Tx,
  refused: DatabaseRefusal,
  row: PushedRow | null,
): Promise<Rejection> {
  const constraint = constraintOf(refused.sqlstate);
  let columns = refused.column === null ? [] : [refused.column];
  if (columns.length === 0 && refused.constraint !== null && row !== null) {
    const named = await tx.query(CONSTRAINT_COLUMNS, [row.table.schema, refused.constraint]);
    columns = named.map((column) => textOf(column, 'name'));
  }
  return {
    row_ordinal: row?.ordinal ?? null,
    schema: row?.table.schema ?? '',
    table: row?.table.table ?? '',
    key: row === null ? null : { [row.table.key]: row.keyText },
    op: row?.op ?? null,
    constraint,
    constraint_name: refused.constraint,
    columns: columns.filter((column) => column !== SCOPE_COLUMN),
    referenced_table: null,
    category: categoryOf(constraint, refused.sqlstate),
  };
}

/** Applies `run` between the ordinals; culprits are left out and reported, the rest is applied. */
async function applyAround(
  tx: Tx,
  scopeId: string,
  pushId: string,
  run: Run,
  first: number,
  last: number,
  onCulprit: (refused: DatabaseRefusal, ordinal: number) => Promise<boolean>,
): Promise<boolean> {
  const outcome = await tx.attempt((inner) => applyRun(inner, scopeId, pushId, run, first, last));
  if ('value' in outcome) return true;
  if (first === last) return onCulprit(outcome.refused, first);
  const middle = Math.floor((first + last) / 2);
  return (
    (await applyAround(tx, scopeId, pushId, run, first, middle, onCulprit)) &&
    (await applyAround(tx, scopeId, pushId, run, middle + 1, last, onCulprit))
  );
}

const identity = (table: RegisteredTable, keyText: string): string =>
  `${String(table.tableNo)}:${keyText}`;

async function findMissingParents(
  tx: Tx,
  scopeId: string,
  child: RegisteredTable,
  tables: readonly RegisteredTable[],
  pushed: ReadonlyMap<string, PushedRow>,
  entriesMax: number,
): Promise<readonly Rejection[]> {
  const rejections: Rejection[] = [];
  for (const foreignKey of child.foreignKeys) {
    const parent = tables.find(
      (table) => table.schema === child.schema && table.table === foreignKey.table,
    );
    if (parent === undefined) continue;
    const orphans = await tx.query(
      `select c."${child.key}"::text as key, c."${foreignKey.column}"::text as parent_key
       from ${tableSql(child)} c
       where c."${SCOPE_COLUMN}" = $1::uuid and c."${foreignKey.column}" is not null and not exists (
         select 1 from ${tableSql(parent)} p
         where p."${SCOPE_COLUMN}" = $1::uuid and p."${parent.key}" = c."${foreignKey.column}")
       order by 1 limit $2::int`,
      [scopeId, entriesMax],
    );
    for (const orphan of orphans) {
      const own = pushed.get(identity(child, textOf(orphan, 'key')));
      const cause = own ?? pushed.get(identity(parent, textOf(orphan, 'parent_key')));
      rejections.push({
        row_ordinal: cause?.ordinal ?? null,
        schema: (cause?.table ?? child).schema,
        table: (cause?.table ?? child).table,
        key: cause === undefined ? null : { [cause.table.key]: cause.keyText },
        op: cause?.op ?? null,
        constraint: 'foreign_key',
        constraint_name: foreignKey.name,
        columns: [foreignKey.column],
        referenced_table: qualifiedName(own === undefined && cause !== undefined ? child : parent),
        category: null,
        ...(own === undefined
          ? {}
          : { referenced_key: { [parent.key]: textOf(orphan, 'parent_key') } }),
      });
    }
  }
  return rejections;
}

async function findDuplicates(
  tx: Tx,
  scopeId: string,
  table: RegisteredTable,
  pushed: ReadonlyMap<string, PushedRow>,
  entriesMax: number,
): Promise<readonly Rejection[]> {
  const rejections: Rejection[] = [];
  for (const unique of table.uniques) {
    const columns = unique.columns.map((column) => `"${column}"`).join(', ');
    const holders = await tx.query(
      `select key, place from (
         select "${table.key}"::text as key, dense_rank() over (order by ${columns}) as place,
           count(*) over (partition by ${columns}) as holders
         from ${tableSql(table)} where "${SCOPE_COLUMN}" = $1::uuid
           and ${unique.columns.map((column) => `"${column}" is not null`).join(' and ')}
       ) held where holders > 1 order by place, key limit $2::int`,
      [scopeId, entriesMax],
    );
    const groups = new Map<number, string[]>();
    for (const holder of holders) {
      const place = numberOf(holder, 'place');
      groups.set(place, [...(groups.get(place) ?? []), textOf(holder, 'key')]);
    }
    for (const keys of groups.values()) {
      const rows = keys.flatMap((key) => pushed.get(identity(table, key)) ?? []);
      const kept = keys.find((key) => !pushed.has(identity(table, key))) ?? rows[0]?.keyText;
      for (const row of rows) {
        if (row.keyText === kept) continue;
        rejections.push({
          row_ordinal: row.ordinal,
          schema: table.schema,
          table: table.table,
          key: { [table.key]: row.keyText },
          op: row.op,
          constraint: 'unique',
          constraint_name: unique.name,
          columns: [...unique.columns],
          referenced_table: null,
          category: null,
          ...(kept === undefined ? {} : { holder_key: { [table.key]: kept } }),
        });
      }
    }
  }
  return rejections;
}

const READ_PUSHED = `select ordinal, table_no, op, key_text from sync.push_session_row
  where scope_id = $1::uuid and push_id = $2::uuid order by ordinal`;

async function findCulprits(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  staged: { readonly pushId: string; readonly sourceBundleId: number },
): Promise<readonly Rejection[]> {
  const { registry } = context;
  const { entriesMax } = context.limits.rejections;
  const rows = (await tx.query(READ_PUSHED, [caller.scopeId, staged.pushId])).map(
    (row): PushedRow => ({
      ordinal: numberOf(row, 'ordinal'),
      table: registry.get(numberOf(row, 'table_no')),
      op: textOf(row, 'op') as WireOp,
      keyText: textOf(row, 'key_text'),
    }),
  );
  const pushed = new Map(rows.map((row) => [identity(row.table, row.keyText), row]));
  await tx.query(OPEN_CONTEXT, [
    caller.scopeId,
    caller.sourceId,
    staged.sourceBundleId,
    null,
    null,
  ]);
  const rejections: Rejection[] = [];
  for (const run of await readRuns(tx, registry, caller.scopeId, staged.pushId)) {
    await applyAround(
      tx,
      caller.scopeId,
      staged.pushId,
      run,
      run.firstOrdinal,
      run.lastOrdinal,
      async (refused, ordinal) => {
        rejections.push(await describe(tx, refused, rows[ordinal] ?? null));
        return rejections.length < entriesMax;
      },
    );
  }
  for (const table of registry.tables) {
    rejections.push(
      ...(await findMissingParents(tx, caller.scopeId, table, registry.tables, pushed, entriesMax)),
      ...(await findDuplicates(tx, caller.scopeId, table, pushed, entriesMax)),
    );
  }
  const last = Number.MAX_SAFE_INTEGER;
  return rejections.sort((a, b) => (a.row_ordinal ?? last) - (b.row_ordinal ?? last));
}

/** Turns the database's refusal into one that names rows. Never returns. */
export async function diagnose(
  context: SyncContext,
  caller: Caller,
  refused: DatabaseRefusal,
  stage: (tx: Tx) => Promise<{ readonly pushId: string; readonly sourceBundleId: number }>,
): Promise<never> {
  let rejections: readonly Rejection[] = [];
  try {
    await context.database.transaction(
      { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId },
      async (tx) => {
        await lockScope(tx, caller.scopeId, context.clock.nowMs());
        throw new Diagnosed(await findCulprits(context, tx, caller, await stage(tx)));
      },
    );
  } catch (error) {
    if (error instanceof Diagnosed) rejections = error.rejections;
    else if (error instanceof Refusal || !(error instanceof DatabaseRefusal)) throw error;
  }
  const entriesMax = context.limits.rejections.entriesMax;
  const [first] = rejections;
  if (caller.extensions.has('push_rejections') && first !== undefined) {
    return refuse('push_rejected', `the database refused ${String(rejections.length)} rows`, {
      rejection_total: rejections.length,
      rejections: rejections.slice(0, entriesMax),
    });
  }
  // Only the asked form carries keys of other rows.
  const { referenced_key: _parent, holder_key: _holder, ...plain } = first ?? {};
  return refuse(
    'push_commit_invalid',
    `the database refused the bundle (${constraintOf(refused.sqlstate)})`,
    first === undefined ? undefined : { rejection: plain },
  );
}

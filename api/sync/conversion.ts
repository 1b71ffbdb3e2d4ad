/**
 * Asks Postgres whether it takes the pushed values as what their columns are, before anything is locked
 * (protocol.md §5.2 step 8): one set-based statement per table, and only for columns whose spelling check
 * does not already decide it (a length, an enum, a scale, an array).
 */
import type { Rejection } from '../../shared/protocol/errors.ts';
import type { SyncContext } from './context.ts';
import type { Tx } from './ports.ts';
import type { StagedRow } from './push-rows.ts';
import { numberOf } from './record.ts';
import type { RegisteredTable, SyncColumn } from './registry.ts';

const DECIDED: ReadonlySet<string> = new Set([
  'smallint',
  'integer',
  'bigint',
  'boolean',
  'bytea',
  'uuid',
  'text',
  'date',
  'timestamp',
  'timestamp(3)',
  'timestamptz',
  'timestamptz(3)',
  'double precision',
  'json',
  'jsonb',
]);

const openColumns = (table: RegisteredTable): readonly SyncColumn[] =>
  table.columns.filter((column) => !DECIDED.has(column.sqlType));

interface Unconvertible {
  readonly message: string;
  readonly rejection: Rejection;
}

/** Finds the first value that Postgres refuses; only runs after the set-based statement failed. */
async function findCulprit(
  tx: Tx,
  table: RegisteredTable,
  rows: readonly StagedRow[],
  ordinalOf: (row: StagedRow) => number,
): Promise<readonly Unconvertible[]> {
  for (const column of openColumns(table)) {
    const values = rows.map((row) => row.payload?.[column.name] ?? null);
    const [found] = await tx.query(
      `select v.ordinality - 1 as index
       from jsonb_array_elements($1::text::jsonb) with ordinality as v(value, ordinality)
       where not sync.is_castable(v.value, $2) order by v.ordinality limit 1`,
      [JSON.stringify(values), column.sqlType],
    );
    const row = found === undefined ? undefined : rows[numberOf(found, 'index')];
    if (found === undefined || row === undefined) continue;
    return [
      {
        message: `row ${String(ordinalOf(row))}: "${column.name}" cannot be converted`,
        rejection: {
          row_ordinal: ordinalOf(row),
          schema: table.schema,
          table: table.table,
          key: { [table.key]: row.keyText },
          op: row.op,
          constraint: 'type',
          constraint_name: null,
          columns: [column.name],
          referenced_table: null,
          category: 'destination_type_invalid',
        },
      },
    ];
  }
  return [];
}

export async function checkConversions(
  context: SyncContext,
  rows: readonly StagedRow[],
  startOrdinal: number,
): Promise<readonly Unconvertible[]> {
  const ordinals = new Map(rows.map((row, index) => [row, startOrdinal + index]));
  const tables = [...new Set(rows.map((row) => row.table))].filter(
    (table) => openColumns(table).length > 0,
  );
  if (tables.length === 0) return [];
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      for (const table of tables) {
        const own = rows.filter((row) => row.table === table && row.payload !== null);
        const record = openColumns(table)
          .map((column) => `"${column.name}" ${column.sqlType}`)
          .join(', ');
        const outcome = await tx.attempt((inner) =>
          inner.query(`select count(*) from jsonb_to_recordset($1::text::jsonb) as v(${record})`, [
            JSON.stringify(own.map((row) => row.payload)),
          ]),
        );
        if ('refused' in outcome) {
          return findCulprit(tx, table, own, (row) => ordinals.get(row) ?? startOrdinal);
        }
      }
      return [];
    },
  );
}

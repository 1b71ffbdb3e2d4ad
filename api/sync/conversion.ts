/**
 * Asks Postgres whether it takes the pushed values as what their columns are, before anything is locked
 * (protocol.md §5.2 step 8): one set-based statement per table, and only for columns whose spelling check
 * does not already decide it (a length, an enum, a scale, an array).
 */
import { must } from '../../shared/assert.ts';
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

interface PlacedRow {
  readonly row: StagedRow;
  readonly ordinal: number;
}

interface Unconvertible {
  readonly ordinal: number;
  readonly message: string;
  readonly rejection: Rejection;
}

/** Finds the values that Postgres refuses; only runs after the set-based statement failed. */
async function findCulprits(
  tx: Tx,
  table: RegisteredTable,
  rows: readonly PlacedRow[],
  culpritsMax: number,
): Promise<readonly Unconvertible[]> {
  const culprits: Unconvertible[] = [];
  for (const column of openColumns(table)) {
    const values = rows.map(({ row }) => row.payload?.[column.name] ?? null);
    const found = await tx.query(
      `select v.ordinality - 1 as index
       from jsonb_array_elements($1::text::jsonb) with ordinality as v(value, ordinality)
       where not sync.is_castable(v.value, $2) order by v.ordinality limit $3::int`,
      [JSON.stringify(values), column.sqlType, culpritsMax],
    );
    for (const record of found) {
      const { row, ordinal } = must(rows[numberOf(record, 'index')], 'the index is of these rows');
      culprits.push({
        ordinal,
        message: `row ${String(ordinal)}: "${column.name}" cannot be converted`,
        rejection: {
          row_ordinal: ordinal,
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
      });
    }
  }
  return culprits;
}

/** The rows whose values Postgres refuses, in push order, each once. */
export async function checkConversions(
  context: SyncContext,
  rows: readonly StagedRow[],
  startOrdinal: number,
  culpritsMax: number,
): Promise<readonly Unconvertible[]> {
  const placed = rows.map((row, index): PlacedRow => ({ row, ordinal: startOrdinal + index }));
  const tables = [...new Set(rows.map((row) => row.table))].filter(
    (table) => openColumns(table).length > 0,
  );
  if (tables.length === 0) return [];
  const culprits = await context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      const found: Unconvertible[] = [];
      for (const table of tables) {
        const own = placed.filter(({ row }) => row.table === table && row.payload !== null);
        const record = openColumns(table)
          .map((column) => `"${column.name}" ${column.sqlType}`)
          .join(', ');
        const outcome = await tx.attempt((inner) =>
          inner.query(`select count(*) from jsonb_to_recordset($1::text::jsonb) as v(${record})`, [
            JSON.stringify(own.map(({ row }) => row.payload)),
          ]),
        );
        if ('refused' in outcome) found.push(...(await findCulprits(tx, table, own, culpritsMax)));
      }
      return found;
    },
  );
  const inOrder = culprits.toSorted((a, b) => a.ordinal - b.ordinal);
  return inOrder
    .filter(({ ordinal }, index) => inOrder[index - 1]?.ordinal !== ordinal)
    .slice(0, culpritsMax);
}

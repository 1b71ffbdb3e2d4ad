/** The synced tables as one JSON text: every table in schema order, rows by id, bytes as lower-case hex. */
import { kitchenSchema } from '../shared/schema/tables.ts';
import type { Table } from '../shared/schema/types.ts';
import type { Sql } from './engine/ports.ts';

export function dumpTables(sql: Sql): string {
  const dump: Record<string, unknown> = {};
  const tables: Readonly<Record<string, Table>> = kitchenSchema.tables;
  for (const [name, table] of Object.entries(tables)) {
    const columns = Object.entries(table.columns).map(([column, { kind }]) =>
      kind === 'blob' ? `lower(hex(${column})) as ${column}` : column,
    );
    dump[name] = sql.all(`select ${columns.join(', ')} from ${name} order by ${table.key}`);
  }
  return JSON.stringify(dump);
}

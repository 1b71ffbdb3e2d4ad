/**
 * A household's synced rows read straight from Postgres, in the form in which a device dumps its own:
 * an oracle that shares no code with the engine or the sync service.
 */
import type { Sql } from 'postgres';
import { tables } from '../../shared/schema/tables.ts';
import type { Column } from '../../shared/schema/types.ts';

export type Dump = Record<string, Record<string, string | number | null>[]>;

/** SQL that gives a column in the device's local form. */
function localForm(name: string, column: Column): string {
  const quoted = `"${name}"`;
  switch (column.kind) {
    case 'instant':
      return `to_char(${quoted} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case 'blob':
      return `encode(${quoted}, 'hex')`;
    case 'flag':
      return `case when ${quoted} then 1 else 0 end`;
    case 'day':
    case 'id':
      return `${quoted}::text`;
    case 'milli':
    case 'minor':
      return `${quoted}::float8`;
    case 'count':
    case 'key':
    case 'text':
    case 'order':
      return quoted;
  }
}

export async function dumpHousehold(sql: Sql, email: string): Promise<Dump> {
  const dump: Dump = {};
  const [household] = await sql<{ id: string }[]>`
    select m.household_id as id from auth.membership m join auth.account u on u.id = m.account_id
    where u.email = ${email}`;
  if (household === undefined) throw new Error('nobody with this e-mail has a household');
  for (const [name, table] of Object.entries(tables)) {
    const columns = Object.entries(table.columns as Record<string, Column>)
      .map(([column, declared]) => `${localForm(column, declared)} as "${column}"`)
      .join(', ');
    dump[name] = await sql.unsafe(
      `select ${columns} from larder."${name}" where _sync_scope_id = $1 order by id::text collate "C"`,
      [household.id],
    );
  }
  return dump;
}

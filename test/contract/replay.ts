/**
 * The replay oracle: bundles and snapshots, as they came over the wire, applied to an empty SQLite with
 * the device's own tables, and a dump of it and of the business tables in Postgres that must be equal. It
 * knows nothing of clients: rows are put in and taken out as a second implementation of the protocol would.
 *
 * Foreign keys are deferred and their actions are switched off while a bundle is applied: whatever a cascade
 * did on the server must be in the bundle, or the dumps differ.
 */
import type postgres from 'postgres';
import type { Database } from 'sql.js';
import { assert } from '../../shared/assert.ts';
import type { Bundle, BundleRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import { type LocalRow, rowFromWire, rowToLocalJson } from '../../shared/schema/row-codec.ts';
import { sqliteTables } from '../../shared/schema/sqlite-ddl.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Table } from '../../shared/schema/types.ts';
import { loadSqlJs } from '../sim/sqljs.ts';

const tables: Readonly<Record<string, Table>> = kitchenSchema.tables;

/** Sorted lines of `table json`, one per row. */
export type Dump = readonly string[];

export interface Replica {
  apply(bundle: Pick<Bundle, 'bundle_seq' | 'rows'>): void;
  hydrate(rows: readonly SnapshotRow[]): void;
  dump(): Dump;
  /** The version of every live row, by `table key`. */
  readonly versions: ReadonlyMap<string, number>;
  close(): void;
}

const tableOf = (name: string): Table => {
  const table = tables[name];
  assert(table !== undefined, `${name} is a synced table`);
  return table;
};

function decode(row: BundleRow | SnapshotRow): LocalRow {
  const decoded = rowFromWire(row.table, tableOf(row.table), row.payload ?? {});
  assert(decoded.ok, `a row of ${row.table} is whole: ${JSON.stringify(decoded)}`);
  return decoded.value;
}

const lineOf = (name: string, row: LocalRow): string =>
  `${name} ${rowToLocalJson(tableOf(name), row)}`;

function put(db: Database, name: string, row: LocalRow): void {
  const columns = Object.keys(tableOf(name).columns);
  const quoted = columns.map((column) => `"${column}"`);
  const others = quoted.filter((column) => column !== '"id"');
  db.run(
    `insert into "${name}" (${quoted.join(', ')}) values (${columns.map(() => '?').join(', ')})
     on conflict (id) do update set ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    columns.map((column) => {
      const value = row[column] ?? null;
      return typeof value === 'bigint' ? String(value) : value;
    }),
  );
}

export async function createReplica(): Promise<Replica> {
  const { Database: Sqlite } = await loadSqlJs();
  const db = new Sqlite();
  for (const statement of sqliteTables(kitchenSchema)) db.run(statement);
  const versions = new Map<string, number>();

  const checkReferences = (): void => {
    const broken = db.exec('pragma foreign_key_check');
    assert(broken.length === 0, `references hold: ${JSON.stringify(broken)}`);
  };

  return {
    versions,
    apply: ({ bundle_seq: seq, rows }) => {
      // Off, not deferred: SQLite must add nothing to what the bundle says.
      db.run('pragma foreign_keys = off');
      db.run('begin');
      for (const row of rows) {
        const id = row.key['id'] ?? '';
        const known = `${row.table} ${id}`;
        assert(row.row_version === seq, 'a row carries the number of its bundle');
        assert(
          (row.op === 'INSERT') === !versions.has(known),
          `${row.op} of ${known} fits what is there`,
        );
        if (row.op === 'DELETE') {
          db.run(`delete from "${row.table}" where id = ?`, [id]);
          versions.delete(known);
        } else {
          put(db, row.table, decode(row));
          versions.set(known, row.row_version);
        }
      }
      db.run('commit');
      checkReferences();
    },
    hydrate: (rows) => {
      db.run('begin');
      for (const row of rows) {
        const known = `${row.table} ${row.key['id'] ?? ''}`;
        assert(!versions.has(known), `${known} stands once in a snapshot`);
        put(db, row.table, decode(row));
        versions.set(known, row.row_version);
      }
      db.run('commit');
      checkReferences();
    },
    dump: () =>
      Object.keys(tables)
        .flatMap((name) => {
          const [result] = db.exec(`select * from "${name}"`);
          return (result?.values ?? []).map((values) =>
            lineOf(
              name,
              Object.fromEntries(
                (result?.columns ?? []).map((column, index) => [column, values[index] ?? null]),
              ),
            ),
          );
        })
        .toSorted(),
    close: () => db.close(),
  };
}

/** The business tables of one household, read past the service, in the same form. */
export async function dumpServer(sql: postgres.Sql, scopeId: string): Promise<Dump> {
  const lines: string[] = [];
  for (const [name, table] of Object.entries(tables)) {
    const columns = Object.entries(table.columns).map(([column, { kind }]) => {
      switch (kind) {
        case 'instant':
          return `to_char("${column}" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "${column}"`;
        case 'flag':
          return `"${column}"::int as "${column}"`;
        case 'blob':
          return `"${column}"`;
        case 'milli':
        case 'minor':
        case 'count':
          return `"${column}"::float8 as "${column}"`;
        case 'id':
        case 'key':
        case 'text':
        case 'day':
        case 'order':
          return `"${column}"::text as "${column}"`;
      }
    });
    const rows = await sql.unsafe<Record<string, string | number | Uint8Array | null>[]>(
      `select ${columns.join(', ')} from "${kitchenSchema.name}"."${name}" where _sync_scope_id = $1`,
      [scopeId],
    );
    for (const row of rows) lines.push(lineOf(name, row));
  }
  return lines.toSorted();
}

/** Every live row's version as the server keeps it, in the replica's form. */
export async function serverVersions(
  sql: postgres.Sql,
  scopeId: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ table_name: string; key: Uint8Array; row_version: string }[]>`
    select c.table_name, s.key, s.row_version from sync.row_state s
    join sync.table_catalog c using (table_no) where s.scope_id = ${scopeId} and not s.deleted`;
  return new Map(
    rows.map(({ table_name: name, key, row_version: version }) => {
      const hex = Buffer.from(key).toString('hex');
      const id =
        tables[name]?.columns['id']?.kind === 'key'
          ? Buffer.from(key).toString('utf8')
          : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      return [`${name} ${id}`, Number(version)];
    }),
  );
}

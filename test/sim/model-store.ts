/**
 * The business side of the model server: tables in an SQLite database with real foreign keys, effects
 * captured by triggers, row versions, the conflict rules, and what a refusal says.
 */
import { assert, must } from '../../shared/assert.ts';
import type { BundleRow, PushRequestRow } from '../../shared/protocol/shapes.ts';
import { rowFromWire, rowToWire } from '../../shared/schema/row-codec.ts';
import { sqliteTables } from '../../shared/schema/sqlite-ddl.ts';
import type { Schema, Table } from '../../shared/schema/types.ts';
import { tableOrder } from '../../shared/schema/validate.ts';
import { createSqljsSql, loadSqlJs } from './sqljs.ts';
import type { SqljsSql } from './sqljs.ts';

export interface ModelServerOptions {
  /** Whether the extensions are advertised. */
  readonly extensions?: boolean;
  /** The tables as older versions of the app know them; those devices are answered in their words. */
  readonly olderSchemas?: readonly Schema[];
  /** Older versions than this may read only. */
  readonly writesFrom?: number;
  /** Rows of one segment of a stream, so that short snapshots have several. */
  readonly segmentRowsMax?: number;
  /** Triggers of the server's own, run after every pushed row. */
  readonly triggers?: string;
}

export type Reply = { readonly status: number; readonly body: unknown };

export const reply = (status: number, body: unknown = null): Reply => ({ status, body });
export const refuse = (status: number, error: string, more: Record<string, unknown> = {}): Reply =>
  reply(status, { error, message: error, ...more });

/** Rolls the commit back; the reply is what the client gets. */
export class CommitRefused extends Error {
  readonly answer: Reply;
  constructor(answer: Reply) {
    super('refused');
    this.answer = answer;
  }
}

/** Postgres prints a timestamp in another spelling of the same moment. */
const postgresInstant = (text: string): string =>
  `${text.slice(0, 19)}${text.slice(19, 23).replace(/0+$/, '').replace(/\.$/, '')}+00:00`;

export interface ModelStore {
  /** The connection of this moment: putting a backup back opens another one. */
  readonly sql: () => SqljsSql;
  readonly names: readonly string[];
  readonly image: () => Uint8Array;
  readonly replace: (image: Uint8Array) => void;
  readonly wireRow: (table: string, id: string) => Record<string, unknown> | null;
  readonly conflictOf: (
    row: PushRequestRow,
    ordinal: number,
    floor: number,
  ) => Record<string, unknown> | null;
  readonly applyRow: (row: PushRequestRow) => void;
  readonly rejectionOf: (rows: readonly PushRequestRow[]) => Reply | null;
  readonly captured: (seq: number) => BundleRow[];
}

export async function createModelStore(
  schema: Schema,
  options: ModelServerOptions,
  versions: () => ReadonlyMap<string, { readonly version: number; readonly deleted: boolean }>,
): Promise<ModelStore> {
  const sqlJs = await loadSqlJs();
  let db = new sqlJs.Database();
  let sql = createSqljsSql(db, () => undefined);
  const names = tableOrder(schema);
  const tableOf = (name: string): Table => must(schema.tables[name], `table ${name}`);
  sql.script('pragma foreign_keys = on');
  for (const statement of sqliteTables(schema)) sql.run(statement);
  sql.script('create table capture (ordinal integer primary key, tbl text, id text)');
  for (const name of names)
    for (const [event, row] of [
      ['insert', 'new'],
      ['update', 'new'],
      ['delete', 'old'],
    ] as const)
      sql.run(`create trigger capture_${name}_${event} after ${event} on "${name}" begin
        insert into capture (tbl, id) values ('${name}', ${row}.id); end`);
  if (options.triggers !== undefined) sql.script(options.triggers);

  const wireRow = (name: string, id: string): Record<string, unknown> | null => {
    const [row] = sql.all(`select * from "${name}" where id = ?1`, [id]);
    if (row === undefined) return null;
    const wire = rowToWire(name, tableOf(name), row);
    assert(wire.ok, 'a stored row has a wire form');
    return Object.fromEntries(
      Object.entries(wire.value).map(([column, value]) => [
        column,
        tableOf(name).columns[column]?.kind === 'instant' && typeof value === 'string'
          ? postgresInstant(value)
          : value,
      ]),
    );
  };

  const conflictOf = (
    row: PushRequestRow,
    ordinal: number,
    floor: number,
  ): Record<string, unknown> | null => {
    const id = must(row.key['id'], 'a key');
    const state = versions().get(`${row.table} ${id}`);
    const isFine =
      state === undefined
        ? row.op === 'INSERT' && (row.base_row_version === 0 || row.base_row_version <= floor)
        : row.op === 'INSERT'
          ? state.deleted && row.base_row_version === state.version
          : !state.deleted && row.base_row_version === state.version;
    if (isFine) return null;
    return {
      row_ordinal: ordinal,
      schema: row.schema,
      table: row.table,
      key: { id },
      op: row.op,
      base_row_version: row.base_row_version,
      server_row_version: state?.version ?? 0,
      server_row_deleted: state?.deleted ?? false,
      server_row: state === undefined || state.deleted ? null : wireRow(row.table, id),
    };
  };

  const applyRow = (row: PushRequestRow): void => {
    const id = must(row.key['id'], 'a key');
    const table = tableOf(row.table);
    if (row.op === 'DELETE') {
      sql.run(`delete from "${row.table}" where id = ?1`, [id]);
      return;
    }
    // An older version leaves out what it does not know: defaults on insert, untouched on update.
    const columns = Object.keys(table.columns).filter((name) => name in (row.payload ?? {}));
    const known = columns.map((name) => [name, must(table.columns[name], 'a column')] as const);
    const decoded = rowFromWire(
      row.table,
      { ...table, columns: Object.fromEntries(known) },
      row.payload ?? {},
    );
    if (!decoded.ok) throw new CommitRefused(refuse(400, 'push_chunk_invalid'));
    const values = columns.map((column) => decoded.value[column] ?? null);
    if (row.op === 'INSERT') {
      sql.run(
        `insert into "${row.table}" (${columns.map((c) => `"${c}"`).join(',')}) values (${columns.map(() => '?').join(',')})`,
        values,
      );
      return;
    }
    const changed = sql.run(
      `update "${row.table}" set ${columns.map((c) => `"${c}" = ?`).join(', ')} where id = ?`,
      [...values, id],
    );
    if (changed === 0) throw new CommitRefused(refuse(400, 'push_commit_invalid'));
  };

  const rejectionOf = (rows: readonly PushRequestRow[]): Reply | null => {
    const rejections: Record<string, unknown>[] = [];
    rows.forEach((row, ordinal) => {
      if (row.op === 'DELETE') return;
      for (const [column, declared] of Object.entries(tableOf(row.table).columns)) {
        const target = declared.references;
        const value = row.payload?.[column];
        if (target === undefined || typeof value !== 'string') continue;
        if (sql.all(`select 1 as x from "${target.table}" where id = ?1`, [value]).length > 0)
          continue;
        rejections.push({
          row_ordinal: ordinal,
          schema: row.schema,
          table: row.table,
          key: row.key,
          op: row.op,
          constraint: 'foreign_key',
          constraint_name: `${row.table}_${column}_fk`,
          columns: [column],
          referenced_table: `${row.schema}.${target.table}`,
          category: null,
        });
      }
    });
    if (rejections.length === 0) return null;
    return options.extensions === true
      ? refuse(409, 'push_rejected', { rejections, rejection_total: rejections.length })
      : refuse(400, 'push_commit_invalid', { rejection: rejections[0] });
  };

  const captured = (seq: number): BundleRow[] => {
    const touched = sql.all('select tbl, id from capture group by tbl, id order by min(ordinal)');
    return touched.flatMap((effect): BundleRow[] => {
      const [table, id] = [String(effect['tbl']), String(effect['id'])];
      const wasLive = versions().get(`${table} ${id}`)?.deleted === false;
      const payload = wireRow(table, id);
      const named = { schema: schema.name, table, key: { id }, row_version: seq };
      if (payload === null) return wasLive ? [{ ...named, op: 'DELETE' }] : [];
      return [{ ...named, op: wasLive ? 'UPDATE' : 'INSERT', payload }];
    });
  };

  return {
    sql: () => sql,
    names,
    image: () => {
      sql.forget();
      const bytes = db.export();
      db.exec('pragma foreign_keys = on');
      return bytes;
    },
    replace: (image) => {
      sql.free();
      db = new sqlJs.Database(image);
      sql = createSqljsSql(db, () => undefined);
      sql.script('pragma foreign_keys = on');
    },
    wireRow,
    conflictOf,
    applyRow,
    rejectionOf,
    captured,
  };
}

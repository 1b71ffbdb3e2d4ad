/**
 * Rows that no bundle brought (protocol.md §10.4): they were in a table before it was synced, or were loaded
 * with its triggers off. They have no version, so no client could ever be told of them, and a snapshot of
 * their household would fail: the start stops, until the operator adopts them. Adoption makes one baseline
 * bundle per scope, every such row an INSERT, by a source of the server's own; an ordinary bundle in all
 * other respects.
 */
import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import {
  type RegisteredTable,
  type Registry,
  SCOPE_COLUMN,
  qualifiedName,
  tableSql,
} from '../sync/registry.ts';
import { keyBytesSql } from '../sync/render.ts';

/** Opens row-level security for one household, or closes it. */
const NAME_SCOPE = "select set_config('sync.scope_id', $1, true)";

/** True of a row `t` of the table without a live row state. */
const isUnsyncedSql = (table: RegisteredTable): string => `not exists (select from sync.row_state s
  where s.scope_id = t."${SCOPE_COLUMN}" and s.table_no = ${String(table.tableNo)}
    and s.key = ${keyBytesSql(table, 't')} and not s.deleted)`;

export interface UnsyncedRows {
  readonly scopeIds: readonly string[];
  /** Names of the tables that hold them. */
  readonly tables: readonly string[];
}

/**
 * One pass over every table, at each start. A role that obeys row-level security sees a household's rows only
 * when it is named, so for one every household that the service knows is asked for.
 */
export async function findUnsyncedRows(
  sql: postgres.TransactionSql,
  tables: readonly RegisteredTable[],
  obeysPolicies: boolean,
): Promise<UnsyncedRows> {
  const find = tables
    .map(
      (
        table,
      ) => `select distinct '${qualifiedName(table)}' as name, t."${SCOPE_COLUMN}"::text as scope_id
        from ${tableSql(table)} t where ${isUnsyncedSql(table)}`,
    )
    .join(' union all ');
  const known = obeysPolicies
    ? await sql.unsafe<{ id: string }[]>('select scope_id::text as id from sync.scope order by 1')
    : [];
  const scopeIds = new Set<string>();
  const names = new Set<string>();
  // Without a household first: new tables have no policy yet.
  for (const asked of ['', ...known.map((scope) => scope.id)]) {
    await sql.unsafe(NAME_SCOPE, [asked]);
    for (const row of await sql.unsafe<{ name: string; scope_id: string }[]>(find)) {
      names.add(row.name);
      scopeIds.add(row.scope_id);
    }
  }
  await sql.unsafe(NAME_SCOPE, ['']);
  return { scopeIds: [...scopeIds].toSorted(), tables: [...names].toSorted() };
}

/** The text forms that the renderer relies on, as every transaction of the service pins them. */
const PIN = `select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
  set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
  set_config('extra_float_digits', '1', true)`;

const CAPTURE = (table: RegisteredTable): string => `
  insert into sync.capture (scope_id, table_no, key, op)
  select t."${SCOPE_COLUMN}", ${String(table.tableNo)}, ${keyBytesSql(table, 't')}, 'I'
  from ${tableSql(table)} t
  where t."${SCOPE_COLUMN}" = $1::uuid and ${isUnsyncedSql(table)}
  order by 3`;

const FINISH = `select f.outcome from sync.scope s, sync.finish_bundle(s.scope_id, s.next_bundle_seq, $2, 1, null, $3,
  null, $4::bigint, $5::bigint, $6::bigint, $7::integer) f where s.scope_id = $1::uuid`;

const INITIALIZE = `update sync.scope set state = 'INITIALIZED', initializer_source_id = null,
  initialization_id = null, lease_expires_at_ms = null, initialized_by_source_id = $2, initialized_at_ms = $3::bigint
  where scope_id = $1::uuid and state <> 'INITIALIZED'`;

async function adoptScope(
  sql: postgres.TransactionSql,
  registry: Registry,
  scopeId: string,
): Promise<string> {
  const sourceId = `oversync-adoption:${randomUUID()}`;
  const nowMs = String(Date.now());
  await sql.unsafe(NAME_SCOPE, [scopeId]);
  await sql.unsafe('select sync.create_scope($1::uuid)', [scopeId]);
  await sql.unsafe('select 1 from sync.scope where scope_id = $1::uuid for update', [scopeId]);
  for (const table of registry.tables) await sql.unsafe(CAPTURE(table), [scopeId]);
  const [finished] = await sql.unsafe<{ outcome: string }[]>(FINISH, [
    scopeId,
    sourceId,
    canonicalRequestHash([]).hash,
    nowMs,
    String(limits.snapshot.sessionRowsMax),
    String(limits.push.rowBytesMax),
    registry.schemaVersion,
  ]);
  await sql.unsafe(INITIALIZE, [scopeId, sourceId, nowMs]);
  return finished?.outcome ?? 'empty';
}

/** Null when all was adopted; otherwise a sentence about what cannot be. */
export async function adoptRows(
  sql: postgres.TransactionSql,
  registry: Registry,
  scopeIds: readonly string[],
): Promise<string | null> {
  await sql.unsafe(PIN);
  for (const scopeId of scopeIds) {
    const outcome = await adoptScope(sql, registry, scopeId);
    if (outcome === 'too-many') return 'a scope has more rows than one snapshot could carry';
    if (outcome === 'too-large') return 'a row is larger than a snapshot could carry';
  }
  return null;
}

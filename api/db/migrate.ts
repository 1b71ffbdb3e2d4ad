/**
 * Brings the database to the layout that this build expects: forward only, one transaction per file,
 * each file once. Processes that start together wait for each other on the row of `larder_migration.lock`.
 * Applied files are remembered with a hash of their text; a file that changed after it was applied, or a
 * database that is newer than the build, stops the start with a sentence.
 *
 * Afterwards the capture triggers, guards and row-level security of the registered tables are installed
 * (again), and an unprivileged role is chosen where the connecting role would walk through row-level
 * security.
 */
import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import {
  type RegisteredTable,
  type Registry,
  type ServedVersions,
  type SyncTable,
  createRegistry,
  qualifiedName,
} from '../sync/registry.ts';
import { ensureServerEpoch } from './server-epoch.ts';
import { adoptRows, findUnsyncedScopes } from './adopt.ts';
import { checkTables } from './check-tables.ts';
import { applyFunctionSql, storeFunctionSql } from '../sync/apply.ts';
import type { Pool } from './pool.ts';

export interface Migration {
  /** Ordered by name: `0001-sync`. Never renamed, never edited. */
  readonly name: string;
  readonly sql: string;
}

export class MigrationFailure extends Error {
  override readonly name = 'MigrationFailure';
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

async function prepareLedger(sql: postgres.Sql): Promise<void> {
  // Two first starts may meet here; a schema that is there already is what both want.
  await sql.unsafe('create schema if not exists larder_migration').catch(() => undefined);
  await sql
    .unsafe(
      `create table if not exists larder_migration.lock (singleton boolean primary key default true check (singleton));
       create table if not exists larder_migration.applied (
         name text primary key, hash text not null, applied_at timestamptz not null default now());
       insert into larder_migration.lock default values on conflict do nothing`,
    )
    .catch(async (error: unknown) => {
      const [ledger] = await sql.unsafe(
        "select to_regclass('larder_migration.applied') is not null as exists",
      );
      if (ledger?.['exists'] !== true) throw error;
    });
}

async function applyFiles(
  sql: postgres.TransactionSql,
  files: readonly Migration[],
): Promise<readonly string[]> {
  await sql.unsafe('select singleton from larder_migration.lock for update');
  const rows = await sql.unsafe<{ name: string; hash: string }[]>(
    'select name, hash from larder_migration.applied order by name',
  );
  const applied = new Map(rows.map((row) => [row.name, row.hash]));
  const known = new Set(files.map((file) => file.name));
  for (const name of applied.keys()) {
    if (!known.has(name)) {
      throw new MigrationFailure(`the database was migrated by a newer build: it knows "${name}"`);
    }
  }
  const done: string[] = [];
  for (const file of files) {
    const before = applied.get(file.name);
    if (before !== undefined && before !== hashOf(file.sql)) {
      throw new MigrationFailure(`migration "${file.name}" is not the one that was applied`);
    }
    if (before !== undefined) continue;
    await sql.unsafe(file.sql).simple();
    await sql.unsafe('insert into larder_migration.applied (name, hash) values ($1, $2)', [
      file.name,
      hashOf(file.sql),
    ]);
    done.push(file.name);
  }
  return done;
}

/** Runs what is missing, in the order of the names, in one transaction. Returns what it ran. */
export async function migrate(
  pool: Pool,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  await prepareLedger(pool.sql);
  const files = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  return pool.sql.begin((sql) => applyFiles(sql, files));
}

export interface Walls {
  /** The role that transactions switch to, or null when the connecting role obeys the policies itself. */
  readonly appRole: string | null;
  /** False when row-level security cannot bind this connection; the reason is a line for the operator. */
  readonly secondWall: boolean;
  readonly reason: string | null;
}

const APP_ROLE = 'larder_app';

/**
 * A superuser, or a role that may bypass row-level security, is bound by no policy, so its transactions
 * run as a role without rights of its own. Where such a role can neither be made nor used, the first
 * wall (the scope in every statement) stands alone and the operator is told.
 */
async function chooseRole(
  sql: postgres.TransactionSql,
  schemas: readonly string[],
): Promise<Walls> {
  const [self] = await sql.unsafe(
    'select rolsuper or rolbypassrls as bypasses, rolsuper or rolcreaterole as creates from pg_roles where rolname = current_user',
  );
  if (self?.['bypasses'] !== true) return { appRole: null, secondWall: true, reason: null };
  if (self['creates'] !== true) {
    return {
      appRole: null,
      secondWall: false,
      reason:
        'this role bypasses row-level security and may not create another one; use an ordinary role',
    };
  }
  // Roles belong to the whole cluster, so databases that start together may both try.
  await sql.unsafe(`do $$ begin
      create role ${APP_ROLE} nologin noinherit;
    exception when duplicate_object or unique_violation then null; end $$`);
  await sql.unsafe(`do $$ begin
      execute format('grant ${APP_ROLE} to %I', current_user);
    exception when others then null; end $$`);
  for (const schema of schemas) {
    await sql.unsafe(`grant usage on schema "${schema}" to ${APP_ROLE}`);
    await sql.unsafe(
      `grant select, insert, update, delete on all tables in schema "${schema}" to ${APP_ROLE}`,
    );
    await sql.unsafe(`grant usage, select on all sequences in schema "${schema}" to ${APP_ROLE}`);
  }
  return { appRole: APP_ROLE, secondWall: true, reason: null };
}

/** What the service is made for: its tables, and the numbers that clients see in capabilities. */
export interface SyncSchema {
  readonly appName: string;
  readonly schemaVersion: number;
  /** Which versions of it are still served. */
  readonly schemaPolicy?: ServedVersions;
  readonly tables: readonly SyncTable[];
}

/** Catalogue rows, triggers, guards, functions and policy of one table, put back as they should be. */
async function installTable(
  sql: postgres.TransactionSql,
  registry: Registry,
  table: RegisteredTable,
): Promise<void> {
  await sql.unsafe('select sync.install_table($1::int, $2, $3, $4, $5)', [
    table.tableNo,
    table.schema,
    table.table,
    table.key,
    table.keyType,
  ]);
  await sql.unsafe(
    'update sync.table_catalog set since_version = $2::int where table_no = $1::int',
    [table.tableNo, table.since ?? 1],
  );
  await sql.unsafe(storeFunctionSql(table));
  if (!table.serverWritten) await sql.unsafe(applyFunctionSql(registry, table));
  for (const column of table.columns) {
    if ((column.since ?? 1) === 1) continue;
    await sql.unsafe(
      `insert into sync.column_catalog (table_no, column_name, since_version, default_json)
       values ($1::int, $2, $3::int, $4::text::jsonb) on conflict (table_no, column_name) do update
       set since_version = excluded.since_version, default_json = excluded.default_json`,
      [table.tableNo, column.name, column.since ?? 1, JSON.stringify(column.wireDefault ?? null)],
    );
  }
}

/**
 * Numbers the tables, installs triggers, guards and policies, and chooses the role. Safe to run at every
 * start; a table that the catalogue knows differently stops it.
 */
export async function installSync(
  pool: Pool,
  schema: SyncSchema,
  options: { readonly adopt: boolean } = { adopt: false },
): Promise<{
  readonly registry: Registry;
  readonly walls: Walls;
  /** Households whose rows were there before their table was synced. */
  readonly adoptedScopes: number;
}> {
  return pool.sql.begin(async (sql) => {
    await sql.unsafe('select singleton from larder_migration.lock for update');
    const numbers = new Map<string, number>();
    const rows = await sql.unsafe<{ name: string; table_no: number }[]>(
      "select schema_name || '.' || table_name as name, table_no from sync.table_catalog order by table_no",
    );
    for (const row of rows) numbers.set(row.name, row.table_no);
    let last = Math.max(0, ...numbers.values());
    for (const table of schema.tables) {
      const name = qualifiedName(table);
      if (!numbers.has(name)) numbers.set(name, (last += 1));
    }
    const registry = createRegistry({ ...schema, numbers });
    const broken = await checkTables(sql, registry);
    if (broken !== null) throw new MigrationFailure(broken);
    const declared = new Set(schema.tables.map(qualifiedName));
    const forgotten = rows.find((row) => !declared.has(row.name));
    if (forgotten !== undefined) {
      throw new MigrationFailure(
        `table ${forgotten.name} was synced before and is not declared any more`,
      );
    }
    const known = new Set(rows.map((row) => row.name));
    const added = registry.tables.filter((table) => !known.has(qualifiedName(table)));
    const unsynced = await findUnsyncedScopes(sql, added);
    if (unsynced.length > 0 && !options.adopt) {
      throw new MigrationFailure(
        `tables that were not synced before hold rows (${added.map(qualifiedName).join(', ')}); run the command "adopt" to make them known to devices`,
      );
    }
    for (const table of registry.tables) {
      await installTable(sql, registry, table);
    }
    await ensureServerEpoch(sql);
    const schemas = [...new Set(['sync', ...registry.tables.map((table) => table.schema)])];
    const refused = await adoptRows(sql, registry, added, unsynced);
    if (refused !== null) throw new MigrationFailure(`rows cannot be adopted: ${refused}`);
    const walls = await chooseRole(sql, schemas);
    return { registry, walls, adoptedScopes: unsynced.length };
  });
}

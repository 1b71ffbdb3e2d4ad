/**
 * Brings the database to the layout that this build expects: forward only, all files in one transaction,
 * each file once. Processes that start together wait for each other on the row of `larder_migration.lock`.
 * Applied files are remembered with a hash of their text; a file that changed after it was applied, or a
 * database that is newer than the build, stops the start with a sentence.
 *
 * Afterwards the registered tables are checked, and what the service needs on them is put in order.
 */
import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import {
  type Registry,
  type ServedVersions,
  type SyncTable,
  createRegistry,
  qualifiedName,
} from '../sync/registry.ts';
import { ensureServerEpoch } from './server-epoch.ts';
import { adoptRows, findUnsyncedRows } from './adopt.ts';
import { checkTables } from './check-tables.ts';
import { installTables } from './installation.ts';
import type { Pool } from './pool.ts';
import { MigrationFailure, inTurn } from './start-turn.ts';
import { type Walls, chooseRole } from './walls.ts';

export interface Migration {
  /** Ordered by name: `0001-sync`. Never renamed, never edited. */
  readonly name: string;
  readonly sql: string;
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
  return inTurn(pool, (sql) => applyFiles(sql, files));
}

/** What the service is made for: its tables, and the numbers that clients see in capabilities. */
export interface SyncSchema {
  readonly appName: string;
  readonly schemaVersion: number;
  /** Which versions of it are still served. */
  readonly schemaPolicy?: ServedVersions;
  readonly tables: readonly SyncTable[];
}

export interface Installed {
  readonly registry: Registry;
  readonly walls: Walls;
  /** Households with rows that no bundle had brought. */
  readonly adoptedScopes: number;
}

/**
 * Numbers the tables, installs triggers, guards and policies where they are not as they should be, and
 * chooses the role. Safe to run at every start, also while others serve; a table that the catalogue knows
 * differently stops it.
 */
export const installSync = (
  pool: Pool,
  schema: SyncSchema,
  options: { readonly adopt?: boolean; readonly triesMax?: number } = {},
): Promise<Installed> =>
  inTurn(pool, (sql) => install(sql, schema, options.adopt ?? false), options.triesMax);

async function install(
  sql: postgres.TransactionSql,
  schema: SyncSchema,
  isAdopting: boolean,
): Promise<Installed> {
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
  const walls = await chooseRole(sql);
  const obeysPolicies = walls.secondWall && walls.appRole === null;
  const unsynced = await findUnsyncedRows(sql, registry.tables, obeysPolicies);
  if (unsynced.scopeIds.length > 0 && !isAdopting) {
    throw new MigrationFailure(
      `rows that no device was ever told of are in ${unsynced.tables.join(', ')}; run the command "adopt" to make them known`,
    );
  }
  // The epoch first: it waits for writers, and they want tables that an installation would hold.
  await ensureServerEpoch(sql);
  await installTables(sql, registry, walls);
  const refused = await adoptRows(sql, registry, unsynced.scopeIds);
  if (refused !== null) throw new MigrationFailure(`rows cannot be adopted: ${refused}`);
  return { registry, walls, adoptedScopes: unsynced.scopeIds.length };
}

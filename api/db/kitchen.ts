/**
 * Joins Larder's declared tables (shared/schema) to the sync service: the registry it takes as an
 * argument, and the migrations that make the tables. Constraint names follow one rule,
 * `<table>_<column>_fkey` and `<table>_<columns>_key`, which the migration keeps.
 */
import type { Schema } from '../../shared/schema/types.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { type WireType, wireTypeOfKind } from '../../shared/schema/value-wire.ts';
import type { SyncTable } from '../sync/registry.ts';
import type { Migration, SyncSchema } from './migrate.ts';
import authSql from './migrations/0010-auth.sql?raw';
import trueEffectsSql from './migrations/0011-true-effects.sql?raw';
import epochLockSql from './migrations/0026-epoch-lock.sql?raw';
import installationSql from './migrations/0027-installation.sql?raw';
import kitchenSql from './migrations/0002-kitchen.sql?raw';
import kitchenTriggersSql from './migrations/0003-kitchen-triggers.sql?raw';
import leanCommitSql from './migrations/0020-lean-commit.sql?raw';
import snapshotValuesSql from './migrations/0022-snapshot-values.sql?raw';
import leanKitchenTriggersSql from './migrations/0021-lean-kitchen-triggers.sql?raw';
import trueEffectsLeanSql from './migrations/0023-true-effects-lean.sql?raw';
import stagedRowsGoSql from './migrations/0024-staged-rows-go.sql?raw';
import syncCommitSql from './migrations/0004-sync-commit.sql?raw';
import schemaVersionsSql from './migrations/0007-schema-versions.sql?raw';
import serverEpochSql from './migrations/0006-server-epoch.sql?raw';
import snapshotTablesSql from './migrations/0005-snapshot-tables.sql?raw';
import syncSql from './migrations/0001-sync.sql?raw';
import yearsThatTravelSql from './migrations/0025-years-that-travel.sql?raw';

export const migrations: readonly Migration[] = [
  { name: '0001-sync', sql: syncSql },
  { name: '0002-kitchen', sql: kitchenSql },
  { name: '0003-kitchen-triggers', sql: kitchenTriggersSql },
  { name: '0004-sync-commit', sql: syncCommitSql },
  { name: '0005-snapshot-tables', sql: snapshotTablesSql },
  { name: '0006-server-epoch', sql: serverEpochSql },
  { name: '0007-schema-versions', sql: schemaVersionsSql },
  { name: '0010-auth', sql: authSql },
  { name: '0011-true-effects', sql: trueEffectsSql },
  { name: '0020-lean-commit', sql: leanCommitSql },
  { name: '0021-lean-kitchen-triggers', sql: leanKitchenTriggersSql },
  { name: '0022-snapshot-values', sql: snapshotValuesSql },
  { name: '0023-true-effects-lean', sql: trueEffectsLeanSql },
  { name: '0024-staged-rows-go', sql: stagedRowsGoSql },
  { name: '0025-years-that-travel', sql: yearsThatTravelSql },
  { name: '0026-epoch-lock', sql: epochLockSql },
  { name: '0027-installation', sql: installationSql },
];

const SQL_TYPES: Readonly<Record<WireType, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  numeric: 'numeric',
  float4: 'real',
  float8: 'double precision',
  boolean: 'boolean',
  bytea: 'bytea',
  uuid: 'uuid',
  text: 'text',
  date: 'date',
  timestamp: 'timestamp(3)',
  timestamptz: 'timestamptz(3)',
  json: 'jsonb',
  array: 'text[]',
};

export function syncTablesOf(schema: Schema): readonly SyncTable[] {
  return Object.entries(schema.tables).map(([name, table]) => ({
    schema: schema.name,
    table: name,
    key: table.key,
    keyType: table.columns[table.key]?.kind === 'key' ? 'text' : 'uuid',
    serverWritten: table.serverWritten,
    columns: Object.entries(table.columns).map(([column, { kind }]) => ({
      name: column,
      type: wireTypeOfKind[kind],
      sqlType: SQL_TYPES[wireTypeOfKind[kind]],
    })),
    foreignKeys: Object.entries(table.columns).flatMap(([column, { references }]) =>
      references === undefined
        ? []
        : [{ name: `${name}_${column}_fkey`, column, table: references.table }],
    ),
    uniques: table.serverUnique.map((columns) => ({
      name: `${name}_${columns.join('_')}_key`,
      columns,
    })),
  }));
}

export const kitchenSync: SyncSchema = {
  appName: 'larder',
  schemaVersion: kitchenSchema.version,
  tables: syncTablesOf(kitchenSchema),
};

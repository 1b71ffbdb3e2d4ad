/**
 * Checks the live tables against the rules for synced tables (protocol.md §10.1) before the service takes
 * a single request. A table that breaks one stops the start with a sentence that names table and rule:
 * what cannot be synced correctly is never synced at all.
 *
 * What a registered table declares is compared with the catalogue too, so that the two cannot drift
 * apart: columns, types, foreign keys, uniques.
 */
import type postgres from 'postgres';
import {
  type Registry,
  type RegisteredTable,
  SCOPE_COLUMN,
  qualifiedName,
} from '../sync/registry.ts';

interface LiveColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly generated: boolean;
  readonly identity: boolean;
  readonly deterministic: boolean;
}

interface LiveIndex {
  readonly name: string;
  readonly columns: readonly (string | null)[];
  readonly partial: boolean;
  readonly deferred: boolean;
}

interface LiveForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targets: readonly string[];
  readonly match: string;
  readonly deferred: boolean;
  readonly on_delete: string;
  readonly on_update: string;
  readonly cleared: readonly string[];
}

/** A CHECK that every row was found to keep. */
interface LiveCheck {
  readonly expression: string;
  readonly columns: readonly string[] | null;
}

interface LiveTable {
  readonly kind: string;
  readonly persistence: string;
  readonly partition: boolean;
  readonly parents: number;
  readonly columns: readonly LiveColumn[];
  readonly indexes: readonly LiveIndex[];
  readonly foreign_keys: readonly LiveForeignKey[];
  readonly checks: readonly LiveCheck[];
}

const READ = `
  select json_build_object(
    'kind', c.relkind, 'persistence', c.relpersistence, 'partition', c.relispartition,
    'parents', (select count(*) from pg_inherits i where i.inhrelid = c.oid or i.inhparent = c.oid),
    'columns', (select json_agg(json_build_object('name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
        'generated', a.attgenerated <> '', 'identity', a.attidentity = 'a',
        'deterministic', coalesce(l.collisdeterministic, true)) order by a.attnum)
      from pg_attribute a left join pg_collation l on l.oid = a.attcollation
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'indexes', (select coalesce(json_agg(json_build_object('name', n.relname,
        'columns', (select json_agg(a.attname order by k.at) from unnest(i.indkey::int2[]) with ordinality k(no, at)
          left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.no and k.no <> 0
          where k.at <= i.indnkeyatts),
        'partial', i.indpred is not null or i.indexprs is not null,
        'deferred', coalesce(x.condeferred, false)) order by n.relname), '[]'::json)
      from pg_index i join pg_class n on n.oid = i.indexrelid
      left join pg_constraint x on x.conindid = i.indexrelid and x.contype in ('p', 'u', 'x') and x.conrelid = c.oid
      where i.indrelid = c.oid and i.indisunique),
    'foreign_keys', (select coalesce(json_agg(json_build_object('name', x.conname,
        'columns', (select json_agg(a.attname order by k.at) from unnest(x.conkey) with ordinality k(no, at)
          join pg_attribute a on a.attrelid = x.conrelid and a.attnum = k.no),
        'target', tn.nspname || '.' || t.relname,
        'targets', (select json_agg(a.attname order by k.at) from unnest(x.confkey) with ordinality k(no, at)
          join pg_attribute a on a.attrelid = x.confrelid and a.attnum = k.no),
        'match', x.confmatchtype, 'deferred', x.condeferrable and x.condeferred,
        'on_delete', x.confdeltype, 'on_update', x.confupdtype,
        'cleared', (select coalesce(json_agg(a.attname), '[]'::json) from unnest(x.confdelsetcols) k(no)
          join pg_attribute a on a.attrelid = x.conrelid and a.attnum = k.no)) order by x.conname), '[]'::json)
      from pg_constraint x join pg_class t on t.oid = x.confrelid join pg_namespace tn on tn.oid = t.relnamespace
      where x.conrelid = c.oid and x.contype = 'f' and x.conparentid = 0),
    'checks', (select coalesce(json_agg(json_build_object('expression', pg_get_expr(x.conbin, x.conrelid),
        'columns', (select json_agg(a.attname) from unnest(x.conkey) k(no)
          join pg_attribute a on a.attrelid = x.conrelid and a.attnum = k.no))), '[]'::json)
      from pg_constraint x where x.conrelid = c.oid and x.contype = 'c' and x.convalidated)
  )::text as facts
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2`;

const OUTSIDE_REFERENCES = `
  select n.nspname || '.' || c.relname as child, x.conname as name
  from pg_constraint x
  join pg_class c on c.oid = x.conrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class t on t.oid = x.confrelid join pg_namespace tn on tn.oid = t.relnamespace
  where x.contype = 'f' and tn.nspname || '.' || t.relname = $1`;

/** The type as far as the wire cares: a length, scale or precision belongs to the table. */
const bareType = (type: string): string =>
  type
    .replace(/\(\d+(,\s*\d+)?\)/, '')
    .replace(/^timestamptz$/, 'timestamp with time zone')
    .replace(/^timestamp$/, 'timestamp without time zone')
    .replace(/^varchar$/, 'character varying')
    .replace(/^char$/, 'character')
    .replace(/^decimal$/, 'numeric');

function checkColumns(table: RegisteredTable, live: LiveTable): string | null {
  const byName = new Map(live.columns.map((column) => [column.name, column]));
  const scope = byName.get(SCOPE_COLUMN);
  if (scope === undefined || scope.type !== 'uuid' || scope.nullable) {
    return `needs a column ${SCOPE_COLUMN} of type uuid that is NOT NULL`;
  }
  const key = byName.get(table.key);
  if (key === undefined || key.nullable || key.type !== table.keyType) {
    return `needs the key column "${table.key}" of type ${table.keyType}, NOT NULL`;
  }
  if (!key.deterministic) return `has a text key under a collation that is not deterministic`;
  for (const column of table.columns) {
    const found = byName.get(column.name);
    if (found === undefined) return `has no column "${column.name}", which is declared`;
    if (bareType(found.type) !== bareType(column.sqlType)) {
      return `has "${column.name}" as ${found.type} where ${column.sqlType} is declared`;
    }
  }
  for (const column of live.columns) {
    if (column.name === SCOPE_COLUMN) continue;
    if (!/^[a-z0-9_]+$/.test(column.name)) {
      return `has the column name "${column.name}", which does not match [a-z0-9_]+`;
    }
    if (!table.columnsByName.has(column.name)) {
      return `has a column "${column.name}" that is not declared and would not travel`;
    }
    if (column.generated || column.identity) {
      return `has the generated column "${column.name}", which could not be sent back`;
    }
  }
  return null;
}

function checkKeys(table: RegisteredTable, live: LiveTable): string | null {
  const isKey = (index: LiveIndex): boolean =>
    index.columns.length === 2 &&
    index.columns[0] === SCOPE_COLUMN &&
    index.columns[1] === table.key;
  if (!live.indexes.some(isKey)) return `needs a primary key (${SCOPE_COLUMN}, ${table.key})`;
  for (const index of live.indexes) {
    if (index.partial)
      return `has the unique index ${index.name} on a part of its rows or an expression`;
    if (index.columns[0] !== SCOPE_COLUMN) {
      return `has the unique index ${index.name}, which does not begin with ${SCOPE_COLUMN}`;
    }
    if (isKey(index)) continue;
    if (!index.deferred) {
      return `has the unique index ${index.name}, which is not DEFERRABLE INITIALLY DEFERRED`;
    }
    // Who breaks one is told by which rows; that is looked up by what is declared.
    const declared = table.uniques.find((unique) => unique.name === index.name);
    if (declared === undefined || index.columns.slice(1).join() !== declared.columns.join()) {
      return `has the unique constraint ${index.name}, which is not declared so`;
    }
  }
  const names = new Set(live.indexes.map((index) => index.name));
  const missing = table.uniques.find((unique) => !names.has(unique.name));
  return missing === undefined
    ? null
    : `has no unique constraint ${missing.name}, which is declared`;
}

/**
 * Whether a number that has no wire form is refused, however a CHECK spells it, is seen by trying it. Only a
 * CHECK on the column alone counts: what others make of the number depends on the row.
 */
async function checkFinite(sql: postgres.TransactionSql, live: LiveTable): Promise<string | null> {
  for (const { name, type } of live.columns) {
    if (!/^(real|double precision|numeric)/.test(type)) continue;
    const checks = live.checks
      .filter(({ columns }) => columns?.join() === name)
      .map(({ expression }) => `(${expression})`);
    for (const value of ['NaN', 'Infinity', '-Infinity']) {
      const attempt = sql.savepoint((inner) =>
        inner.unsafe<{ is_refused: boolean }[]>(
          `select (${['true', ...checks].join(' and ')}) is false as is_refused
           from (values ('${value}'::${type})) as tried("${name}")`,
        ),
      );
      // What the type does not take, or a CHECK fails about, is refused in a row as well.
      const [tried] = await attempt.catch(() => [{ is_refused: true }]);
      if (tried?.is_refused !== true) {
        return `needs a CHECK that keeps NaN and infinity out of "${name}"`;
      }
    }
  }
  return null;
}

function checkForeignKeys(
  table: RegisteredTable,
  live: LiveTable,
  registry: Registry,
): string | null {
  for (const foreignKey of live.foreign_keys) {
    const parent = registry.tables.find((one) => qualifiedName(one) === foreignKey.target);
    const named = `the foreign key ${foreignKey.name}`;
    if (parent === undefined) return `has ${named} to ${foreignKey.target}, which is not synced`;
    const [scope, column] = foreignKey.columns;
    if (
      foreignKey.columns.length !== 2 ||
      scope !== SCOPE_COLUMN ||
      foreignKey.targets.join() !== [SCOPE_COLUMN, parent.key].join()
    ) {
      return `has ${named}, which is not (${SCOPE_COLUMN}, column) to (${SCOPE_COLUMN}, ${parent.key})`;
    }
    if (foreignKey.match !== 's') return `has ${named}, which is not MATCH SIMPLE`;
    if (!foreignKey.deferred) return `has ${named}, which is not DEFERRABLE INITIALLY DEFERRED`;
    if (foreignKey.on_delete === 'r' || foreignKey.on_update === 'r') {
      return `has ${named} with RESTRICT, which cannot wait for the commit`;
    }
    const clears = foreignKey.on_delete === 'n' || foreignKey.on_delete === 'd';
    if (clears && foreignKey.cleared.join() !== column) {
      return `has ${named}, which would clear ${SCOPE_COLUMN}; name the column: SET NULL (${column ?? ''})`;
    }
    if (foreignKey.on_update === 'n' || foreignKey.on_update === 'd') {
      return `has ${named}, whose ON UPDATE would clear ${SCOPE_COLUMN}`;
    }
    const isDeclared = table.foreignKeys.some(
      (one) => one.name === foreignKey.name && one.column === column,
    );
    if (!isDeclared) return `has ${named}, which is not declared`;
  }
  const names = new Set(live.foreign_keys.map((foreignKey) => foreignKey.name));
  const missing = table.foreignKeys.find((foreignKey) => !names.has(foreignKey.name));
  return missing === undefined ? null : `has no foreign key ${missing.name}, which is declared`;
}

/** The first broken rule of a table as the end of a sentence; null when it keeps all of them. */
async function findBrokenRule(
  sql: postgres.TransactionSql,
  table: RegisteredTable,
  registry: Registry,
): Promise<string | null> {
  const [row] = await sql.unsafe<{ facts: string }[]>(READ, [table.schema, table.table]);
  if (row === undefined) return 'does not exist';
  const live = JSON.parse(row.facts) as LiveTable;
  if (live.kind !== 'r' || live.persistence !== 'p' || live.partition || live.parents > 0) {
    return 'must be an ordinary, logged table without partitions or inheritance';
  }
  const broken =
    checkColumns(table, live) ??
    checkKeys(table, live) ??
    checkForeignKeys(table, live, registry) ??
    (await checkFinite(sql, live));
  if (broken !== null) return broken;
  const references = await sql.unsafe<{ child: string; name: string }[]>(OUTSIDE_REFERENCES, [
    qualifiedName(table),
  ]);
  const names = new Set(registry.tables.map(qualifiedName));
  const outside = references.find((reference) => !names.has(reference.child));
  return outside === undefined
    ? null
    : `is referenced by ${outside.child} (${outside.name}), which is not synced`;
}

/** A sentence about the first table that breaks a rule; null when all may be synced. */
export async function checkTables(
  sql: postgres.TransactionSql,
  registry: Registry,
): Promise<string | null> {
  for (const table of registry.tables) {
    const broken = await findBrokenRule(sql, table, registry);
    if (broken !== null) return `synced table ${qualifiedName(table)} ${broken}`;
  }
  return null;
}

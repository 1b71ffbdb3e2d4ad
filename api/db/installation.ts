/**
 * Puts catalogue rows, capture triggers, guards, functions, policies and rights on the synced tables. Each of
 * them locks its table against everybody, so a start first looks whether it would change anything: the hash of
 * what it would do and of what is there now is compared with the one that the last installation left behind.
 * Whatever was dropped, switched off or replaced since makes another hash, and everything is put back.
 */
import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import { applyFunctionSql, storeFunctionSql } from '../sync/apply.ts';
import { type RegisteredTable, type Registry, SCOPE_COLUMN } from '../sync/registry.ts';
import { APP_ROLE, type Walls, grantRole } from './walls.ts';

interface Statement {
  readonly text: string;
  readonly params: readonly (string | number)[];
}

/** What puts one table in order, whatever is there. */
function statementsOf(registry: Registry, table: RegisteredTable): readonly Statement[] {
  const { tableNo, schema, table: name, key, keyType } = table;
  return [
    {
      text: 'select sync.install_table($1::int, $2, $3, $4, $5)',
      params: [tableNo, schema, name, key, keyType],
    },
    {
      text: 'update sync.table_catalog set since_version = $2::int where table_no = $1::int',
      params: [tableNo, table.since ?? 1],
    },
    { text: storeFunctionSql(table), params: [] },
    ...(table.serverWritten ? [] : [{ text: applyFunctionSql(registry, table), params: [] }]),
    ...table.columns
      .filter((column) => (column.since ?? 1) > 1)
      .map((column) => ({
        text: `insert into sync.column_catalog (table_no, column_name, since_version, default_json)
       values ($1::int, $2, $3::int, $4::text::jsonb) on conflict (table_no, column_name) do update
       set since_version = excluded.since_version, default_json = excluded.default_json`,
        params: [
          tableNo,
          column.name,
          column.since ?? 1,
          JSON.stringify(column.wireDefault ?? null),
        ],
      })),
  ];
}

/** Everything that an installation leaves behind, as it is now; $1 is the schemas as a JSON array. */
const READ_FACTS = `
  with schema as (
    select n.oid, n.nspname, n.nspacl from pg_namespace n
    join json_array_elements_text($1::text::json) wanted(name) on wanted.name = n.nspname
  )
  select json_build_object(
    'user', current_user,
    'role', (select json_agg(pg_has_role(r.oid, 'MEMBER')) from pg_roles r where r.rolname = '${APP_ROLE}'),
    'schemas', (select json_agg(json_build_array(s.nspname, s.nspacl::text) order by s.nspname) from schema s),
    'tables', (select json_agg(json_build_array(s.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity,
        c.relacl::text,
        (select a.attoptions::text from pg_attribute a where a.attrelid = c.oid and a.attname = '${SCOPE_COLUMN}'),
        (select json_agg(json_build_array(t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)) order by t.tgname)
          from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
        (select json_agg(json_build_array(p.polname, p.polcmd, p.polpermissive, p.polroles::text,
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
          from pg_policy p where p.polrelid = c.oid)) order by s.nspname, c.relname)
      from pg_class c join schema s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'S')),
    'functions', (select json_agg(json_build_array(f.oid::regprocedure::text, pg_get_functiondef(f.oid))
        order by f.oid::regprocedure::text)
      from pg_proc f where f.pronamespace = 'sync'::regnamespace and f.prokind = 'f'),
    'catalogue', (select json_agg(t order by t.table_no) from sync.table_catalog t),
    'columns', (select json_agg(c order by c.table_no, c.column_name) from sync.column_catalog c)
  )::text as facts`;

const READ_FINGERPRINT = 'select fingerprint from sync.installation';
const WRITE_FINGERPRINT = `insert into sync.installation (fingerprint) values ($1)
  on conflict (singleton) do update set fingerprint = excluded.fingerprint`;

export async function installTables(
  sql: postgres.TransactionSql,
  registry: Registry,
  walls: Walls,
): Promise<void> {
  const schemas = [...new Set(['sync', ...registry.tables.map((table) => table.schema)])];
  const statements = registry.tables.flatMap((table) => statementsOf(registry, table));
  const readFingerprint = async (): Promise<string> => {
    const [row] = await sql.unsafe<{ facts: string }[]>(READ_FACTS, [JSON.stringify(schemas)]);
    const text = JSON.stringify([statements, walls, row?.facts]);
    return createHash('sha256').update(text).digest('hex');
  };
  const [installed] = await sql.unsafe<{ fingerprint: string }[]>(READ_FINGERPRINT);
  if (installed?.fingerprint === (await readFingerprint())) return;
  // Writers take their scope before any table, and so do we: none of them can be in each other's way.
  await sql.unsafe('lock table sync.scope in exclusive mode');
  for (const { text, params } of statements) await sql.unsafe(text, [...params]);
  if (walls.appRole !== null) await grantRole(sql, walls.appRole, schemas);
  await sql.unsafe(WRITE_FINGERPRINT, [await readFingerprint()]);
}

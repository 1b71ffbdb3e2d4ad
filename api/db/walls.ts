/**
 * The role behind the second wall. A superuser, or a role that may bypass row-level security, is bound by no
 * policy, so its transactions run as a role without rights of its own. Where such a role can neither be made
 * nor used, the first wall (the scope in every statement) stands alone and the operator is told.
 */
import type postgres from 'postgres';

export interface Walls {
  /** The role that transactions switch to, or null when the connecting role obeys the policies itself. */
  readonly appRole: string | null;
  /** False when row-level security cannot bind this connection; the reason is a line for the operator. */
  readonly secondWall: boolean;
  readonly reason: string | null;
}

export const APP_ROLE = 'larder_app';

export async function chooseRole(sql: postgres.TransactionSql): Promise<Walls> {
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
  return { appRole: APP_ROLE, secondWall: true, reason: null };
}

/** Makes the role where there is none, and gives it what the service needs. */
export async function grantRole(
  sql: postgres.TransactionSql,
  role: string,
  schemas: readonly string[],
): Promise<void> {
  // Roles belong to the whole cluster, so databases that start together may both try.
  await sql.unsafe(`do $$ begin
      create role ${role} nologin noinherit;
    exception when duplicate_object or unique_violation then null; end $$`);
  await sql.unsafe(`do $$ begin
      execute format('grant ${role} to %I', current_user);
    exception when others then null; end $$`);
  for (const schema of schemas) {
    await sql.unsafe(`grant usage on schema "${schema}" to ${role}`);
    await sql.unsafe(
      `grant select, insert, update, delete on all tables in schema "${schema}" to ${role}`,
    );
    await sql.unsafe(`grant usage, select on all sequences in schema "${schema}" to ${role}`);
  }
}

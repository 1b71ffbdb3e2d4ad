/**
 * One device's local database for tests of acts and queries: the real sql.js, the real tables, capture
 * triggers and timeline, and a clock and ids that count. No durability and no network.
 */
import initSqlJs from 'sql.js';
import type { ActArgs, ActName, Performed, Refusal } from '../../shared/acts/acts.ts';
import type { QueryArgs, QueryName, QueryRows } from '../../shared/queries.ts';
import type { Result } from '../../shared/result.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { ensureImageTriggers, localTablesSql } from '../../worker/acts/local-tables.ts';
import { performAct } from '../../worker/acts/perform.ts';
import { createCatalog } from '../../worker/engine/catalog.ts';
import { prepareLocalTables } from '../../worker/engine/local-tables.ts';
import type { Sql, SqlRow } from '../../worker/engine/ports.ts';
import { createSqljsSql } from '../../worker/host/sqljs-sql.ts';
import { runQuery } from '../../worker/queries/run-query.ts';

const SQL = await initSqlJs();

export interface LocalKitchen {
  readonly sql: Sql;
  /** A fresh id, later than all before it. */
  readonly newId: () => string;
  /** Performs an act in a transaction that is rolled back when it is refused. */
  perform<A extends ActName>(act: A, args: ActArgs[A], actId?: string): Result<Performed, Refusal>;
  /** As `perform`, for acts that must succeed. */
  done<A extends ActName>(act: A, args: ActArgs[A], actId?: string): Performed;
  ask<Q extends QueryName>(query: Q, args: QueryArgs<Q>): QueryRows<Q>;
  rows(table: string): readonly SqlRow[];
  /** All synced tables as comparable text, without stamps and positions. */
  dump(): string;
}

class RolledBack extends Error {}

/** The empty database as bytes: made once, because every test begins with one. */
function emptyDatabase(): Uint8Array {
  const database = new SQL.Database();
  const sql = createSqljsSql(database, () => {});
  sql.transaction(() => {
    prepareLocalTables(sql, createCatalog(kitchenSchema), '11111111-1111-4111-8111-111111111111');
    sql.script(localTablesSql);
    ensureImageTriggers(sql);
  });
  sql.close();
  return database.export();
}

const template = emptyDatabase();

export function createLocalKitchen(): LocalKitchen {
  const sql = createSqljsSql(new SQL.Database(template), () => {});
  sql.script('pragma foreign_keys = on');
  let ticks = 0;
  const newId = (): string => {
    ticks += 1;
    return `01990000-0000-7000-8000-${ticks.toString(16).padStart(12, '0')}`;
  };
  const perform: LocalKitchen['perform'] = (act, args, actId = newId()) => {
    ticks += 1;
    const nowIso = new Date(1_795_000_000_000 + ticks * 1000).toISOString();
    let answer: Result<Performed, Refusal> | null = null;
    try {
      sql.transaction(() => {
        answer = performAct(sql, act, args, { actId, nowIso, newId, accountId: 'ana' });
        if (!answer.ok) throw new RolledBack();
      });
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
    }
    if (answer === null) throw new Error('the act gave no answer');
    return answer;
  };
  const rows = (table: string): readonly SqlRow[] => sql.all(`select * from ${table} order by id`);
  return {
    sql,
    newId,
    perform,
    done(act, args, actId) {
      const result = perform(act, args, actId);
      if (!result.ok) throw new Error(`${act} was refused: ${JSON.stringify(result.error)}`);
      return result.value;
    },
    ask: (query, args) => runQuery(sql, query, args, { todayIso: '2026-11-22' }),
    rows,
    dump: () =>
      JSON.stringify(
        Object.keys(kitchenSchema.tables).map((table) => [
          table,
          rows(table).map(({ edited_at: _edited, ...row }) => row),
        ]),
        (_key, value: unknown) => (value instanceof Uint8Array ? [...value] : value),
        1,
      ),
  };
}

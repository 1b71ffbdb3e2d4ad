/**
 * The work of one act: reads and checked writes on the synced tables inside the caller's transaction.
 *
 * What must hold: every value written was checked against its column's declaration; after the first
 * refusal nothing more is written, and the caller rolls everything back. So acts read as straight lines:
 * they write, and the dispatcher asks at the end whether anything was refused. Statements are built from
 * the declared column names only and are constant per table and set of columns.
 */
import { assert, must } from '../../shared/assert.ts';
import type { Refusal } from '../../shared/acts/acts.ts';
import { closingCharacters, orderBetween } from '../../shared/domain/fractional-order.ts';
import { tables, type Row, type TableName } from '../../shared/schema/tables.ts';
import type { Column } from '../../shared/schema/types.ts';
import type { Sql, SqlValue } from '../engine/ports.ts';
import { checkValue } from './check-value.ts';

/** What an act needs of the world; instants and ids come from outside. */
export interface ActContext {
  readonly actId: string;
  /** 24 characters, `2026-11-22T14:02:31.000Z`. */
  readonly nowIso: string;
  readonly newId: () => string;
  readonly accountId: string | null;
}

/** Tables that people write; the server's own are only ever read here. */
export type PeopleTable = Exclude<TableName, 'purchases' | 'activity'>;

type Stamp = 'created_at' | 'edited_at';

type OptionalName<T extends PeopleTable> = {
  [N in keyof Row<T>]: null extends Row<T>[N]
    ? N
    : N extends Stamp
      ? N
      : (typeof tables)[T]['columns'][N & keyof (typeof tables)[T]['columns']] extends {
            readonly default: unknown;
          }
        ? N
        : never;
}[keyof Row<T>];

/** A row to insert: what may be NULL, has a default or is a stamp can be left out. */
export type NewRow<T extends PeopleTable> = Omit<Row<T>, OptionalName<T>> &
  Partial<Pick<Row<T>, OptionalName<T>>>;

export type RowPatch<T extends PeopleTable> = Partial<Omit<Row<T>, 'id' | Stamp>>;

export interface Work {
  readonly sql: Sql;
  readonly context: ActContext;
  /** The first refusal wins; anything written before it is rolled back by the caller. */
  refuse(refusal: Refusal): void;
  refusal(): Refusal | null;
  /** `at` leads the field's name in a refusal: `ingredients.3.`. */
  insert<T extends PeopleTable>(table: T, row: NewRow<T>, at?: string): void;
  /** Sets the given columns and `edited_at`. */
  update<T extends PeopleTable>(table: T, id: string, patch: RowPatch<T>, at?: string): void;
  remove(table: PeopleTable, id: string): void;
  find<T extends TableName>(table: T, id: string): Row<T> | null;
  /** As `find`; an absent row refuses the act as gone. */
  get<T extends TableName>(table: T, id: string): Row<T> | null;
  /** True when the value may enter the column; refuses the act otherwise. */
  check<T extends PeopleTable>(
    table: T,
    column: keyof Row<T> & string,
    value: unknown,
    at: string,
  ): boolean;
  /** A position between two others, with random closing characters. */
  between(before: string | null, after: string | null): string;
}

const columnsOf = (table: TableName): Readonly<Record<string, Column>> => tables[table].columns;

const fieldName = (column: string): string =>
  column.replace(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());

export function createWork(sql: Sql, context: ActContext): Work {
  let first: Refusal | null = null;

  const refuse = (refusal: Refusal): void => {
    first ??= refusal;
  };

  const checked = (table: PeopleTable, column: string, value: unknown, at: string): SqlValue => {
    const declared = must(columnsOf(table)[column], `${table}.${column} is not declared`);
    const result = checkValue(declared, value);
    if (result.ok) return result.value;
    refuse({ type: 'invalid', field: at + fieldName(column), reason: result.error });
    return null;
  };

  const find = <T extends TableName>(table: T, id: string): Row<T> | null => {
    const found = sql.all(`select * from ${table} where id = ?1`, [id])[0];
    return found === undefined ? null : (found as unknown as Row<T>);
  };

  return {
    sql,
    context,
    refuse,
    refusal: () => first,
    insert(table, row, at = '') {
      const given = row as Readonly<Record<string, unknown>>;
      const names: string[] = [];
      const values: SqlValue[] = [];
      for (const [name, column] of Object.entries(columnsOf(table))) {
        const stamp = name === 'created_at' || name === 'edited_at' ? context.nowIso : null;
        const value = given[name] ?? column.default ?? stamp;
        names.push(name);
        values.push(checked(table, name, value, at));
      }
      if (first !== null) return;
      const marks = names.map((_, index) => `?${index + 1}`).join(', ');
      sql.run(`insert into ${table} (${names.join(', ')}) values (${marks})`, values);
    },
    update(table, id, patch, at = '') {
      const entries: [string, unknown][] = Object.entries(patch);
      assert(entries.length > 0, `an update of ${table} names at least one column`);
      const values = entries.map(([name, value]) => checked(table, name, value, at));
      if (first !== null) return;
      const stamps = columnsOf(table)['edited_at'] === undefined ? [] : ['edited_at'];
      const names = [...entries.map(([name]) => name), ...stamps];
      const sets = names.map((name, index) => `${name} = ?${index + 2}`).join(', ');
      const stamped = stamps.length === 0 ? values : [...values, context.nowIso];
      sql.run(`update ${table} set ${sets} where id = ?1`, [id, ...stamped]);
    },
    remove(table, id) {
      if (first === null) sql.run(`delete from ${table} where id = ?1`, [id]);
    },
    find,
    get(table, id) {
      const found = find(table, id);
      if (found === null) refuse({ type: 'gone', table, id });
      return found;
    },
    check(table, column, value, at) {
      checked(table, column, value, at);
      return first === null;
    },
    between: (before, after) => orderBetween(before, after, closingCharacters(context.newId())),
  };
}

/** The greatest position among rows of a table; `where` and its parameters narrow it. */
export function lastPosition(
  work: Work,
  table:
    | 'list_items'
    | 'plan_entries'
    | 'aisles'
    | 'stores'
    | 'recipe_ingredients'
    | 'recipe_steps',
  where = '1 = 1',
  params: readonly SqlValue[] = [],
): string | null {
  const row = work.sql.all(
    `select max(position) as position from ${table} where ${where}`,
    params,
  )[0];
  const position = row?.['position'];
  return typeof position === 'string' ? position : null;
}

export const textOf = (value: SqlValue | undefined): string => {
  assert(typeof value === 'string', 'a text column holds text');
  return value;
};

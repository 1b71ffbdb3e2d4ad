/**
 * How a synced table is declared, as data. From a declaration come the SQLite tables and capture
 * triggers, the row codecs, the TypeScript row types and the expectations that the Postgres tables are
 * checked against. The closed sets below are `app.md` §3.1 (kinds) and §3.2 (merge rules).
 */

/** What a column holds; decides its form in SQLite, on the wire and in Postgres. */
export type ColumnKind =
  | 'id' // lower-case dashed UUID · TEXT · uuid
  | 'key' // text made of other keys · TEXT · text
  | 'text' // NFC, trimmed, no U+0000, at most `max` characters · TEXT · text
  | 'instant' // UTC, 24 characters, `2026-11-22T14:02:31.000Z` · TEXT · timestamptz(3)
  | 'day' // `2026-11-24` · TEXT · date
  | 'milli' // thousandths, 0 … 9 999 999 999 · INTEGER · bigint
  | 'minor' // money in the smallest unit, 0 … 9 999 999 999 · INTEGER · bigint
  | 'count' // INTEGER · integer, `min` … `max`
  | 'flag' // 0 or 1 · INTEGER · boolean
  | 'order' // fractional index · TEXT · text collate "C"
  | 'blob'; // BLOB · bytea, `min` … `max` bytes

/** What happens when both sides changed a column differently (`app.md` §3.2). */
export type MergeRule =
  | 'fixed'
  | 'ask'
  | 'text'
  | 'join'
  | 'newest'
  | 'last'
  | 'delta'
  | 'furthest'
  | 'first'
  | 'life'
  | 'ref'
  | 'server';

/**
 * One side removed the row, the other changed it: the change stays, the removal stays, or the person is
 * asked (`app.md` §7). Absent means that the change stays.
 */
export type RemovalRule = 'change-stays' | 'removal-stays' | 'ask';

export type DeleteAction = 'cascade' | 'set null';

export interface Column {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly merge: MergeRule;
  /** Columns with the same group merge as one value. */
  readonly group?: string;
  /** Characters (text), bytes (blob) or value (count): the bounds, both inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** The closed set of values of a text column. */
  readonly values?: readonly string[];
  readonly references?: { readonly table: string; readonly onDelete: DeleteAction };
  /** Carried by new rows when an act names none. */
  readonly default?: string | number;
  /** Happens once: where both sides set it, the act that comes second is withdrawn whole. */
  readonly once?: boolean;
  /** A question about this column is not asked: the answer to `column` of the row referred to decides. */
  readonly follows?: { readonly reference: string; readonly column: string };
}

export interface Table {
  /** Column by name, in the order of the DDL; `id` first. */
  readonly columns: Readonly<Record<string, Column>>;
  /** Always `id`; named so that the wire and the engine need not know. */
  readonly key: 'id';
  /** Only the server writes it: no capture on the device, pushed rows refused. */
  readonly serverWritten: boolean;
  /** Uniqueness beyond the key: deferrable on the server, absent on the device. */
  readonly serverUnique: readonly (readonly string[])[];
  /** What happens when one side removed a row that the other side changed. */
  readonly removal?: RemovalRule;
  /** Column lists that get an index on both sides, beside those of foreign keys. */
  readonly indexes: readonly (readonly string[])[];
}

export interface Schema {
  /** The name on the wire and in Postgres. */
  readonly name: string;
  /** Rises by one with every change of the tables. */
  readonly version: number;
  readonly tables: Readonly<Record<string, Table>>;
}

type KindValue<K extends ColumnKind> = K extends 'milli' | 'minor' | 'count' | 'flag'
  ? number
  : K extends 'blob'
    ? Uint8Array
    : string;

type ColumnValue<C extends Column> = C['nullable'] extends true
  ? KindValue<C['kind']> | null
  : KindValue<C['kind']>;

/** The row of a declared table as the device holds it. */
export type RowOf<T extends Table> = {
  readonly [Name in keyof T['columns']]: ColumnValue<T['columns'][Name]>;
};

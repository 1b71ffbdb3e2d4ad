/**
 * What the sync service needs of the world. The service itself knows no clock, no randomness, no driver
 * and no socket; SQL text goes through `Tx`. Adapters live in `api/db` and beside `api/main.ts`.
 */

export type SqlParam = string | number | boolean | null;
export type SqlRecord = Readonly<Record<string, unknown>>;

/** One database transaction. Statements run in the order in which they were called. */
export interface Tx {
  /** `$1, $2 …` in `statement` are filled from `params`; int8 and numeric arrive as text. */
  query(statement: string, params?: readonly SqlParam[]): Promise<readonly SqlRecord[]>;
  /**
   * Runs `work` so that its effects go when it fails with a `DatabaseRefusal`, which is returned, while
   * the transaction itself stays usable. `work` uses the transaction that it is given.
   */
  attempt<T>(
    work: (tx: Tx) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly refused: DatabaseRefusal }>;
}

export interface TransactionOptions {
  readonly isolation: 'read-committed' | 'repeatable-read';
  readonly readOnly: boolean;
  /** Opens row-level security for this scope; null sees no synced row at all. */
  readonly scopeId: string | null;
  /**
   * `kept`: every statement finds each of its rows by a whole key, so a plan that was made once stays right
   * however the tables grow, and is not made again. `fresh` when absent: plans follow the data.
   */
  readonly plans?: 'kept' | 'fresh';
}

/**
 * The database. A transaction is tried again on serialisation failures, deadlocks and lock timeouts, so
 * `work` must have no effect but through its `Tx`. It throws what `work` threw, or one of the three
 * failures below.
 */
export interface Database {
  transaction<T>(options: TransactionOptions, work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Postgres refused a statement or the commit because of what it contained. */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal';
  readonly sqlstate: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly constraint: string | null;

  constructor(facts: {
    readonly sqlstate: string;
    readonly table: string | null;
    readonly column: string | null;
    readonly constraint: string | null;
  }) {
    // The driver's text may quote values of rows, so only the state is kept.
    super(`the database refused with ${facts.sqlstate}`);
    this.sqlstate = facts.sqlstate;
    this.table = facts.table;
    this.column = facts.column;
    this.constraint = facts.constraint;
  }
}

/** The database cannot answer just now; nothing was committed. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** The connection was lost while COMMIT was under way: nobody knows whether it happened. */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown';
}

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** RFC 3339 in UTC with `Z`. */
  toRfc3339(ms: number): string;
}

export interface Ids {
  /** Random UUIDv4, lower case. */
  uuid(): string;
}

/**
 * The hash of canonical rows (protocol.md §3.5) by the host's own SHA-256, which is many times faster than
 * the portable one. Both give the same text.
 */
export type HashRows = (canonicalRows: readonly string[]) => string;

/** Where defects and events go. Fields are an allow-list: no row values, no ids of people. */
export interface Log {
  error(event: string, fields: { readonly operation?: string; readonly cause?: unknown }): void;
}

/** Text that is already JSON and goes out as it is. */
export interface JsonText {
  readonly json: string;
}

/** The same too large to be held: pieces that are made as they are taken. */
export interface JsonStream {
  readonly jsonChunks: AsyncIterable<string>;
}

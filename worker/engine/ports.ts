/**
 * What the engine needs of the world. Each port is a contract in prose, implemented by an adapter in
 * `worker/host/` and by a double in `test/sim/`. The engine itself knows no clock, no randomness, no
 * network and no file: everything enters here.
 */

import type { BundleNote } from '../../shared/protocol/shapes.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Resolution, RowConflict } from '../../shared/schema/resolve.ts';

/** A value as SQLite holds it. INTEGER arrives as a number while it is exact, else as a bigint. */
export type SqlValue = string | number | bigint | Uint8Array | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

/**
 * One SQLite connection, synchronous. The database is in memory; `LocalDatabase.whenDurable` says
 * when what was committed is also kept.
 */
export interface Sql {
  /** All rows of one statement. `params` fill `?1, ?2 …` (or `?` in order). */
  all(statement: string, params?: readonly SqlValue[]): SqlRow[];
  /** Runs one statement for its effect and returns the number of rows it changed directly. */
  run(statement: string, params?: readonly SqlValue[]): number;
  /** Runs several statements without parameters (schema, pragmas). */
  script(statements: string): void;
  /**
   * One transaction: `begin immediate`, `work`, `commit`; rolled back when `work` throws, and the
   * error goes on. `work` is synchronous by type and by assertion; transactions do not nest.
   */
  transaction<T>(work: () => T): T;
}

/** The database of one owner: SQL plus the promise that a commit outlives the process. */
export interface LocalDatabase {
  readonly sql: Sql;
  /** Number of the last committed transaction, durable or not. */
  committedSeq(): number;
  /** Resolves when every transaction up to `seq` is kept; rejects with a typed `StoreFailure`. */
  whenDurable(seq: number): Promise<void>;
  /**
   * Tables whose rows were written since the last call, cascades included (rolled-back ones may be
   * among them: a table too many costs one query, a table too few shows an old screen).
   */
  takeChangedTables(): ReadonlySet<string>;
  /** Tables that `statement` reads, found by asking SQLite for its program; cached by text. */
  tablesRead(statement: string): ReadonlySet<string>;
  /**
   * Whether the disk has room for more than sending needs. While it has none the engine goes on pushing,
   * which gets a person's work off a full device, and takes in nothing. Absent: always.
   */
  hasRoom?(): boolean;
  /** What recovery found: see storage.md §9. */
  readonly opening: {
    readonly clean: boolean;
    readonly loss: 'none' | 'possible' | 'certain';
  };
  /** Writes the clean-end record and lets go of the store. The object is dead afterwards. */
  close(): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970, UTC. Never used to order anything. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, work: () => void): () => void;
}

export interface Ids {
  /** Random UUIDv4, lower case, for things that must not be guessable or ordered (source ids). */
  uuid(): string;
  /** UUIDv7: time-ordered, for rows. */
  rowId(): string;
  /** A number in [0, 1) for jitter. */
  random(): number;
}

/** One HTTP request of the sync protocol. `path` is appended to the configured base URL. */
export interface SyncRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, or null for no body. */
  readonly body: string | null;
  readonly timeoutMs: number;
}

/**
 * An answer of any status, its body parsed as JSON with every number beyond ±(2^53 − 1) refused, or
 * null when there was none; lines of JSON (`application/x-ndjson`) arrive as their text. Transport failures (no answer, cut body, body that is not JSON where the
 * content type says so) are values too.
 */
export type SyncAnswer =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: unknown;
    }
  | {
      readonly type: 'no-answer';
      readonly reason: 'network' | 'timeout' | 'aborted' | 'malformed';
    };

export type HintEvent =
  | { readonly type: 'open' }
  | { readonly type: 'hint'; readonly bundleSeq: number }
  | { readonly type: 'refused'; readonly status: number; readonly code: string | null }
  | { readonly type: 'ended' };

export interface Transport {
  request(request: SyncRequest, signal?: Stop): Promise<SyncAnswer>;
  /** Opens the watch stream; events arrive in order, `refused` or `ended` is the last one. */
  watch(request: SyncRequest, onEvent: (event: HintEvent) => void): () => void;
}

/** A cancellation that the pure folders can hold: no AbortSignal there. */
export interface Stop {
  readonly stopped: boolean;
  onStop(listener: () => void): void;
}

/** Rows of one table and operation, counted for people. */
export interface RowCount {
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly rows: number;
}

/** A whole row as it was, bytes included. */
export interface RowImage {
  readonly table: string;
  readonly id: string;
  readonly row: LocalRow;
}

/** A conflict and what became of it. */
export interface SettledConflict {
  readonly conflict: RowConflict;
  readonly resolution: Resolution;
  /** Rows that went together with mine when their removal was accepted, parents first. */
  readonly tree: readonly RowImage[];
}

/**
 * Where the host keeps what people read about sync (the timeline). Each call happens inside the
 * transaction that it speaks of, so the timeline never says more or less than the data.
 */
export interface Journal {
  /** The dirty set was frozen into this bundle. */
  frozen(sql: Sql, sourceBundleId: number): void;
  /** The frozen bundle went back to the dirty set (conflict, refusal, recovery). */
  returned(sql: Sql, sourceBundleId: number): void;
  /** What the frozen bundle was for, in words that travel with it; null: nothing worth saying. */
  note(sql: Sql, sourceBundleId: number): BundleNote | null;
  /** The server committed it; `extra` are rows the server added by itself. */
  committed(
    sql: Sql,
    bundle: {
      readonly sourceBundleId: number;
      readonly bundleSeq: number;
      readonly extra: readonly RowCount[];
    },
  ): void;
  /** Another source's bundle was applied. */
  received(
    sql: Sql,
    bundle: {
      readonly bundleSeq: number;
      readonly sourceId: string;
      readonly rows: readonly RowCount[];
      /** Its own words about it, where it came with some. */
      readonly note: BundleNote | null;
      readonly keys: readonly { readonly table: string; readonly id: string }[];
    },
  ): void;
  /**
   * Conflicts were settled: keeps what people must be asked and what lost. Capture is on, so a write to a
   * synced table is ordinary local work, of this one call.
   */
  settled(sql: Sql, conflicts: readonly SettledConflict[]): void;
  /** The person let go of everything that was unsent. */
  discarded(sql: Sql): void;
  /** Local work that nobody has acknowledged yet, in acts. */
  unsentActs(sql: Sql): number;
  /** Questions that wait for a person. */
  openChoices(sql: Sql): number;
}

/**
 * Everything that can stop an operation of the engine, as values (`protocol.md` §11.13). The category says
 * what the host does about it; codes and counts only, never remote text, ids or row values.
 */
import type { RowFailure } from '../../shared/schema/row-codec.ts';

export type StateCode =
  | 'not-open'
  | 'not-attached'
  | 'attached-to-another-user'
  | 'stopped'
  | 'foreign-schema'
  | 'layout-ahead'
  | 'schema-invalid'
  /** The disk is full: what others did is not taken in, what is here goes out. */
  | 'storage-full';

export type VersionCode = 'client_upgrade_required' | 'schema_version_ahead';
export type Access = 'read_only' | 'none';

export type SyncFailure =
  /** The call does not fit the engine's state. */
  | { readonly type: 'state'; readonly code: StateCode; readonly sentences?: readonly string[] }
  /** 401, 403, or a login of another household: stop, keep everything, ask to sign in. */
  | { readonly type: 'auth'; readonly status: number; readonly code: string | null }
  /** No answer, or one that says later. */
  | {
      readonly type: 'network';
      readonly operation: string;
      readonly reason: string;
      readonly retryAfterMs: number | null;
    }
  /**
   * App and server are of different versions (§13.8): everything is kept, local work goes on, and an update of
   * one of them ends it. With `read_only` others' work still comes in.
   */
  | { readonly type: 'version'; readonly code: VersionCode; readonly access: Access }
  /** An answer that breaks the protocol or refuses for good; nothing of it was applied. */
  | { readonly type: 'protocol'; readonly code: string; readonly detail: string }
  /** The same rows kept conflicting; their intents are kept. */
  | { readonly type: 'conflict'; readonly code: 'retry-exhausted'; readonly rows: number }
  /** The local database refused what was to be applied; rolled back. */
  | { readonly type: 'apply'; readonly detail: string };

export const protocolFailure = (code: string, detail = ''): SyncFailure => ({
  type: 'protocol',
  code,
  detail,
});

export const versionFailure = (code: VersionCode, access: Access): SyncFailure => ({
  type: 'version',
  code,
  access,
});

export const rowFailure = (failure: RowFailure): SyncFailure =>
  protocolFailure('row-invalid', `${failure.table}.${failure.column ?? ''}: ${failure.reason}`);

/** Thrown inside an apply transaction to roll it back; caught where the transaction began. */
export class Rollback extends Error {
  override readonly name = 'Rollback';
  readonly failure: SyncFailure;

  constructor(failure: SyncFailure) {
    super(failure.type);
    this.failure = failure;
  }
}

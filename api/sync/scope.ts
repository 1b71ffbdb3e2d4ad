/**
 * The scope row: the state of a household's history, its counter and its floor (protocol.md §4.1, §4.3).
 * Whoever locks the row also puts an overdue lease away; readers treat an overdue one as gone without
 * writing.
 */
import { assert } from '../../shared/assert.ts';
import type { SqlRecord, Tx } from './ports.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';

export type ScopeState = 'UNINITIALIZED' | 'INITIALIZING' | 'INITIALIZED';

export interface Scope {
  readonly state: ScopeState;
  readonly initializerSourceId: string | null;
  readonly initializationId: string | null;
  readonly leaseExpiresAtMs: number | null;
  readonly nextBundleSeq: number;
  readonly latestBundleSeq: number;
  readonly retainedBundleFloor: number;
  readonly epoch: ServerEpoch | null;
}

export interface ServerEpoch {
  readonly id: string;
  /** Counts from 1; above it the scope may have gaps in its numbers. */
  readonly ordinal: number;
}

const EPOCH =
  'select epoch_id::text as epoch_id, ordinal from sync.server_epoch order by ordinal desc limit 1';
const READ = `select s.state, s.initializer_source_id, s.initialization_id::text, s.lease_expires_at_ms,
    s.next_bundle_seq, s.latest_bundle_seq, s.retained_bundle_floor, e.epoch_id, e.ordinal as epoch_ordinal
  from sync.scope s cross join lateral (${EPOCH}) e where s.scope_id = $1::uuid`;
/** Takes the scope row (protocol.md §2.3); held to the end of the transaction. */
const LOCK = `${READ} for update of s`;
const CREATE = 'select sync.create_scope($1::uuid)';
const EXPIRE = `update sync.scope set state = 'UNINITIALIZED', initializer_source_id = null,
  initialization_id = null, lease_expires_at_ms = null where scope_id = $1::uuid`;

const NO_SCOPE: Scope = {
  state: 'UNINITIALIZED',
  initializerSourceId: null,
  initializationId: null,
  leaseExpiresAtMs: null,
  nextBundleSeq: 1,
  latestBundleSeq: 0,
  retainedBundleFloor: 0,
  epoch: null,
};

async function load(tx: Tx, statement: string, scopeId: string): Promise<Scope | null> {
  const [row] = await tx.query(statement, [scopeId]);
  return row === undefined ? null : scopeOf(row);
}

function scopeOf(row: SqlRecord): Scope {
  return {
    state: textOf(row, 'state') as ScopeState,
    initializerSourceId: textOrNull(row, 'initializer_source_id'),
    initializationId: textOrNull(row, 'initialization_id'),
    leaseExpiresAtMs: numberOrNull(row, 'lease_expires_at_ms'),
    nextBundleSeq: numberOf(row, 'next_bundle_seq'),
    latestBundleSeq: numberOf(row, 'latest_bundle_seq'),
    retainedBundleFloor: numberOf(row, 'retained_bundle_floor'),
    epoch: { id: textOf(row, 'epoch_id'), ordinal: numberOf(row, 'epoch_ordinal') },
  };
}

/** The current server epoch, for callers without a scope. */
export async function readEpoch(tx: Tx): Promise<ServerEpoch> {
  const [row] = await tx.query(EPOCH);
  assert(row !== undefined, 'the server has an epoch from its first start on');
  return { id: textOf(row, 'epoch_id'), ordinal: numberOf(row, 'ordinal') };
}

const isOverdue = (scope: Scope, nowMs: number): boolean =>
  scope.state === 'INITIALIZING' && (scope.leaseExpiresAtMs ?? 0) <= nowMs;

const withoutLease = (scope: Scope): Scope => ({
  ...scope,
  state: 'UNINITIALIZED',
  initializerSourceId: null,
  initializationId: null,
  leaseExpiresAtMs: null,
});

/** The scope as a reader sees it; a scope without a row is uninitialised. */
export async function readScope(tx: Tx, scopeId: string, nowMs: number): Promise<Scope> {
  const scope = (await load(tx, READ, scopeId)) ?? NO_SCOPE;
  return isOverdue(scope, nowMs) ? withoutLease(scope) : scope;
}

/** Locks the row, which must exist for writers that pass the gate; null when it does not. */
export async function lockScope(tx: Tx, scopeId: string, nowMs: number): Promise<Scope> {
  const scope = await load(tx, LOCK, scopeId);
  return scope === null ? NO_SCOPE : settleLease(tx, scopeId, scope, nowMs);
}

/** From a row of an outer join; a scope that is not there has no state. */
export const scopeOrNone = (row: SqlRecord): Scope =>
  textOrNull(row, 'state') === null ? NO_SCOPE : scopeOf(row);

/** Puts an overdue lease of the locked scope away. */
export async function settleLease(
  tx: Tx,
  scopeId: string,
  scope: Scope,
  nowMs: number,
): Promise<Scope> {
  if (!isOverdue(scope, nowMs)) return scope;
  await tx.query(EXPIRE, [scopeId]);
  return withoutLease(scope);
}

/** As `lockScope`, and makes the row where there is none. */
export async function lockOrCreateScope(tx: Tx, scopeId: string, nowMs: number): Promise<Scope> {
  await tx.query(CREATE, [scopeId]);
  return lockScope(tx, scopeId, nowMs);
}

/** The gate in front of pull, watch and snapshots. */
export function requireInitialized(scope: Scope): void {
  if (scope.state === 'UNINITIALIZED') {
    refuse('scope_uninitialized', 'no source has connected to this scope yet');
  }
  if (scope.state === 'INITIALIZING') {
    refuse('scope_initializing', 'another source is initialising this scope');
  }
}

/** The gate in front of push create, chunk and commit; true when the push seeds the scope. */
export function requirePushable(
  scope: Scope,
  sourceId: string,
  initializationId: string | null,
): { readonly isSeed: boolean } {
  switch (scope.state) {
    case 'UNINITIALIZED':
      if (initializationId === null) {
        refuse('scope_uninitialized', 'connect before the first push');
      }
      return refuse('initialization_expired', 'the initialization lease has ended; connect again');
    case 'INITIALIZING':
      if (initializationId === null) {
        refuse(
          'push_session_invalid',
          'a push into an initialising scope names its initialization_id',
        );
      }
      if (scope.initializerSourceId !== sourceId || scope.initializationId !== initializationId) {
        refuse('initialization_stale', 'the initialization lease belongs to another source');
      }
      return { isSeed: true };
    case 'INITIALIZED':
      if (initializationId !== null) {
        refuse(
          'push_session_invalid',
          'the scope is initialised; initialization_id must not be sent',
        );
      }
      return { isSeed: false };
  }
}

/**
 * The check that chunks and the commit of a staged push repeat: a seed still holds its lease, and any
 * other push still finds the scope initialised.
 */
export function requireStillPushable(
  scope: Scope,
  sourceId: string,
  initializationId: string | null,
): { readonly isSeed: boolean } {
  if (initializationId === null) {
    requireInitialized(scope);
    return { isSeed: false };
  }
  if (
    scope.state !== 'INITIALIZING' ||
    scope.initializerSourceId !== sourceId ||
    scope.initializationId !== initializationId
  ) {
    refuse(
      'initialization_stale',
      'the initialization lease has ended or belongs to another source',
    );
  }
  return { isSeed: true };
}

export async function refreshLease(
  tx: Tx,
  scopeId: string,
  leaseExpiresAtMs: number,
): Promise<void> {
  await tx.query(
    'update sync.scope set lease_expires_at_ms = $2::bigint where scope_id = $1::uuid',
    [scopeId, leaseExpiresAtMs],
  );
}

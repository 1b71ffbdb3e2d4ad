/**
 * The streams of bundles (protocol.md §8.4): none → active → retired, or reserved → active → retired. A
 * source's last tuple outlives the history, so that a late retry still learns that it was committed.
 */
import { isClientSourceId } from '../../shared/protocol/shapes.ts';
import type { ReplacementReason } from '../../shared/protocol/snapshot.ts';
import type { SqlRecord, Tx } from './ports.ts';
import { numberOf, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';

export interface Source {
  readonly state: 'active' | 'reserved' | 'retired';
  readonly lastSourceBundleId: number;
  readonly replacedBySourceId: string | null;
}

const READ = `select state as source_state, last_source_bundle_id, replaced_by_source_id from sync.source
  where scope_id = $1::uuid and source_id = $2`;
/** Takes the source row, always after the scope row. */
const LOCK = `${READ} for update`;

async function load(
  tx: Tx,
  statement: string,
  scopeId: string,
  sourceId: string,
): Promise<Source | null> {
  const [row] = await tx.query(statement, [scopeId, sourceId]);
  return row === undefined ? null : sourceOf(row);
}

export function sourceOf(row: SqlRecord): Source {
  return {
    state: textOf(row, 'source_state') as Source['state'],
    lastSourceBundleId: numberOf(row, 'last_source_bundle_id'),
    replacedBySourceId: textOrNull(row, 'replaced_by_source_id'),
  };
}

export const readSource = (tx: Tx, scopeId: string, sourceId: string): Promise<Source | null> =>
  load(tx, READ, scopeId, sourceId);

export function refuseRetired(sourceId: string, source: Source): never {
  return refuse('source_retired', 'this source was replaced and can no longer push', {
    source_id: sourceId,
    ...(source.replacedBySourceId === null
      ? {}
      : { replaced_by_source_id: source.replacedBySourceId }),
  });
}

/** The numbers of a committed bundle, in wire spelling. */
export interface CommittedTuple {
  readonly bundle_seq: number;
  readonly source_id: string;
  readonly source_bundle_id: number;
  readonly row_count: number;
  readonly bundle_hash: string;
  readonly canonical_request_hash: string;
}

const FIND_TUPLE = `
  select bundle_seq, row_count, bundle_hash, request_hash from sync.bundle
  where scope_id = $1::uuid and source_id = $2 and source_bundle_id = $3::bigint
  union all
  select last_bundle_seq, last_row_count, last_bundle_hash, last_request_hash from sync.source
  where scope_id = $1::uuid and source_id = $2 and last_source_bundle_id = $3::bigint
    and last_bundle_seq is not null
  limit 1`;

/** The committed bundle that `row` describes. */
export function tupleOf(row: SqlRecord, sourceId: string, sourceBundleId: number): CommittedTuple {
  return {
    bundle_seq: numberOf(row, 'bundle_seq'),
    source_id: sourceId,
    source_bundle_id: sourceBundleId,
    row_count: numberOf(row, 'row_count'),
    bundle_hash: textOf(row, 'bundle_hash'),
    canonical_request_hash: textOf(row, 'request_hash'),
  };
}

/** What was committed under the tuple, if anything is still known of it. */
export async function findCommittedTuple(
  tx: Tx,
  scopeId: string,
  sourceId: string,
  sourceBundleId: number,
): Promise<CommittedTuple | null> {
  const [row] = await tx.query(FIND_TUPLE, [scopeId, sourceId, sourceBundleId]);
  return row === undefined ? null : tupleOf(row, sourceId, sourceBundleId);
}

export interface SourceReplacement {
  readonly previousSourceId: string;
  readonly newSourceId: string;
  readonly reason: ReplacementReason;
}

/** Checked before any database work. */
export function checkReplacement(replacement: SourceReplacement, callerSourceId: string): void {
  const { previousSourceId, newSourceId } = replacement;
  if (
    previousSourceId !== callerSourceId ||
    !isClientSourceId(newSourceId) ||
    newSourceId === previousSourceId
  ) {
    refuse(
      'snapshot_session_invalid',
      'the replacement names the calling source and a different new one',
    );
  }
}

const RESERVE = `insert into sync.source (scope_id, source_id, state) values ($1::uuid, $2, 'reserved')`;
const RETIRE = `
  insert into sync.source as s (scope_id, source_id, state, replaced_by_source_id, reason)
  values ($1::uuid, $2, 'retired', $3, $4)
  on conflict (scope_id, source_id) do update
  set state = 'retired', replaced_by_source_id = excluded.replaced_by_source_id, reason = excluded.reason`;

/** Retires the previous source in favour of the new one, or finds that this was already done. */
export async function rotateSource(
  tx: Tx,
  scopeId: string,
  replacement: SourceReplacement,
): Promise<void> {
  const { previousSourceId, newSourceId, reason } = replacement;
  const previous = await load(tx, LOCK, scopeId, previousSourceId);
  const next = await load(tx, LOCK, scopeId, newSourceId);
  if (previous?.state === 'retired') {
    if (previous.replacedBySourceId !== newSourceId) refuseRetired(previousSourceId, previous);
    if (next === null) await tx.query(RESERVE, [scopeId, newSourceId]);
    else if (next.state === 'retired') {
      refuse('source_replacement_invalid', 'the new source was itself retired');
    }
    return;
  }
  if (next !== null) refuse('source_replacement_invalid', 'the new source id is already known');
  await tx.query(RESERVE, [scopeId, newSourceId]);
  await tx.query(RETIRE, [scopeId, previousSourceId, newSourceId, reason]);
}

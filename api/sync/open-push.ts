/**
 * How a push begins: the scope row is locked, and what stands beside it is read in the same round trip
 * (protocol.md §5.1 steps 2 to 5). The lock is a statement of its own inside the call, so the rest is seen
 * as it was when the lock was got.
 */
import { assert } from '../../shared/assert.ts';
import type { Caller } from './caller.ts';
import type { Tx } from './ports.ts';
import { textOrNull } from './record.ts';
import { type Scope, scopeOrNone, settleLease } from './scope.ts';
import { type CommittedTuple, type Source, sourceOf, tupleOf } from './sources.ts';

const OPEN_PUSH = 'select * from sync.open_push($1::uuid, $2, $3::bigint)';

export interface OpenedPush {
  readonly scope: Scope;
  /** What was committed under the tuple, if anything is still known of it. */
  readonly committed: CommittedTuple | null;
  /** Null for a source that never pushed here. */
  readonly source: Source | null;
}

export async function openPush(
  tx: Tx,
  caller: Caller,
  sourceBundleId: number,
  nowMs: number,
): Promise<OpenedPush> {
  const { scopeId, sourceId } = caller;
  const [row] = await tx.query(OPEN_PUSH, [scopeId, sourceId, sourceBundleId]);
  assert(row !== undefined, 'an outer join of one row has one row');
  return {
    scope: await settleLease(tx, scopeId, scopeOrNone(row), nowMs),
    committed:
      textOrNull(row, 'bundle_seq') === null ? null : tupleOf(row, sourceId, sourceBundleId),
    source: textOrNull(row, 'source_state') === null ? null : sourceOf(row),
  };
}

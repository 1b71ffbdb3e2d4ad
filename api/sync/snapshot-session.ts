/** Who may read a snapshot session: looked up before every page, slice and drop (protocol.md §8.2). */
import { isCanonicalUuid } from '../../shared/protocol/shapes.ts';
import type { Caller } from './caller.ts';
import type { SqlRecord, Tx } from './ports.ts';
import { numberOf, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';

const READ_SESSION = `select source_id, replacement_source_id, snapshot_bundle_seq, row_count, expires_at_ms,
    tables::text
  from sync.snapshot_session where scope_id = $1::uuid and snapshot_id = $2::uuid`;

/** 404, then 403, then 410. The makers of a rotation are both its sources. */
export async function findSnapshotSession(
  tx: Tx,
  caller: Caller,
  snapshotId: string,
  nowMs: number,
): Promise<SqlRecord> {
  const [row] = isCanonicalUuid(snapshotId)
    ? await tx.query(READ_SESSION, [caller.scopeId, snapshotId])
    : [];
  if (row === undefined || numberOf(row, 'expires_at_ms') === 0) {
    refuse('snapshot_session_not_found', 'there is no such snapshot session');
  }
  if (
    textOf(row, 'source_id') !== caller.sourceId &&
    textOrNull(row, 'replacement_source_id') !== caller.sourceId
  ) {
    refuse('snapshot_session_forbidden', 'the snapshot session belongs to another source');
  }
  if (numberOf(row, 'expires_at_ms') <= nowMs) {
    refuse('snapshot_session_expired', 'the snapshot session has expired');
  }
  return row;
}

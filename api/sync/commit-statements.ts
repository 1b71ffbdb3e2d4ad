/** How every bundle begins, and what its end answers, whoever writes it. */
import type { SyncContext } from './context.ts';
import type { SqlRecord } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import { refuse } from './refusal.ts';

/** Opens the scope for writes of this transaction; the end of the bundle closes it. */
export const OPEN_CONTEXT = `insert into sync.context (scope_id, source_id, source_bundle_id, actor, device)
  values ($1::uuid, $2, $3::bigint, $4, $5)`;

export interface BundleFacts {
  readonly rowCount: number;
  readonly byteCount: number;
  readonly bundleHash: string;
}

/** Reads the outcomes that `sync.finish_bundle` and `sync.commit_push` share; null for "empty". */
export function readFacts(context: SyncContext, row: SqlRecord): BundleFacts | null {
  switch (textOf(row, 'outcome')) {
    case 'empty':
      return null;
    case 'too-many':
      return refuse(
        'push_commit_invalid',
        `the bundle has more than ${String(context.limits.push.bundleEffectsMax)} effects`,
      );
    case 'too-large':
      return refuse(
        'push_commit_invalid',
        'a row of the bundle is larger than a snapshot could carry',
      );
    default:
      return {
        rowCount: numberOf(row, 'row_count'),
        byteCount: numberOf(row, 'byte_count'),
        bundleHash: textOf(row, 'bundle_hash'),
      };
  }
}

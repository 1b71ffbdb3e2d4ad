/**
 * How a source joins its scope (protocol.md §4.2). A scope that is initialised is answered from a plain
 * read without any lock; everything else decides under the scope row, so of two first callers one wins.
 */
import type { ConnectResponse } from '../../shared/protocol/connect.ts';
import { must } from '../../shared/assert.ts';
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import { requireEpoch } from './epoch.ts';
import type { Tx } from './ports.ts';
import { type Scope, lockOrCreateScope, readScope, refreshLease } from './scope.ts';

const BEGIN_LEASE = `update sync.scope set state = 'INITIALIZING', initializer_source_id = $2,
  initialization_id = $3::uuid, lease_expires_at_ms = $4::bigint where scope_id = $1::uuid`;
export const INITIALIZE = `update sync.scope set state = 'INITIALIZED', initializer_source_id = null,
  initialization_id = null, lease_expires_at_ms = null, initialized_by_source_id = $2,
  initialized_at_ms = $3::bigint where scope_id = $1::uuid`;

export async function connect(
  context: SyncContext,
  caller: Caller,
  hasLocalPendingRows: boolean,
): Promise<ConnectResponse> {
  const seen = await context.database.transaction(
    { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      await requireEpoch(context, tx, caller, scope);
      return scope;
    },
  );
  if (seen.state === 'INITIALIZED') return { resolution: 'remote_authoritative' };
  return context.queue.run(caller.scopeId, () =>
    context.database.transaction(
      { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId },
      async (tx) => {
        const nowMs = context.clock.nowMs();
        const scope = await lockOrCreateScope(tx, caller.scopeId, nowMs);
        return decide(context, tx, caller, scope, hasLocalPendingRows);
      },
    ),
  );
}

async function decide(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  scope: Scope,
  hasLocalPendingRows: boolean,
): Promise<ConnectResponse> {
  const nowMs = context.clock.nowMs();
  if (scope.state === 'INITIALIZED') return { resolution: 'remote_authoritative' };
  if (scope.state === 'INITIALIZING' && scope.initializerSourceId !== caller.sourceId) {
    const endMs = must(scope.leaseExpiresAtMs, 'an initialising scope has a lease');
    return {
      resolution: 'retry_later',
      retry_after_seconds: Math.max(1, Math.ceil((endMs - nowMs) / 1000)),
      lease_expires_at: context.clock.toRfc3339(endMs),
    };
  }
  if (!hasLocalPendingRows) {
    await tx.query(INITIALIZE, [caller.scopeId, caller.sourceId, nowMs]);
    return { resolution: 'initialize_empty' };
  }
  const endMs = nowMs + context.limits.push.leaseTtlMs;
  const initializationId = scope.initializationId ?? context.ids.uuid();
  if (scope.state === 'INITIALIZING') await refreshLease(tx, caller.scopeId, endMs);
  else await tx.query(BEGIN_LEASE, [caller.scopeId, caller.sourceId, initializationId, endMs]);
  return {
    resolution: 'initialize_local',
    initialization_id: initializationId,
    lease_expires_at: context.clock.toRfc3339(endMs),
  };
}

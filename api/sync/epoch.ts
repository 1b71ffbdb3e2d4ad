/**
 * E6: whether the client and this database speak of the same history (protocol.md §13.7). Compared first
 * thing inside an operation's transaction, before anything is read or written for it.
 */
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import type { Tx } from './ports.ts';
import { numberOrNull } from './record.ts';
import { refuse } from './refusal.ts';
import { type Scope, readEpoch } from './scope.ts';

/** The highest number that both histories share: the lowest base since the client's epoch. */
const READ_BASE = `
  select known.ordinal as known,
    (select min(g.base_bundle_seq) from sync.scope_gap g
      where g.scope_id = $1::uuid and g.ordinal > known.ordinal) as base
  from (select 1) one left join sync.server_epoch known on known.epoch_id::text = $2`;

export async function requireEpoch(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  scope: Scope,
): Promise<void> {
  if (scope.epoch !== null) context.state.serverEpoch = scope.epoch.id;
  if (caller.serverEpoch === null) return;
  const current = scope.epoch ?? (await readEpoch(tx));
  context.state.serverEpoch = current.id;
  if (current.id === caller.serverEpoch) return;
  const [row] = await tx.query(READ_BASE, [caller.scopeId, caller.serverEpoch]);
  const isKnown = row !== undefined && numberOrNull(row, 'known') !== null;
  refuse('server_epoch_changed', 'the server was restored to an earlier state', {
    server_epoch: current.id,
    // A scope that is unknown here shares nothing with what the client saw of it.
    epoch_base_bundle_seq: row === undefined || !isKnown ? null : (numberOrNull(row, 'base') ?? 0),
    latest_bundle_seq: scope.latestBundleSeq,
    restore_policy: context.restorePolicy,
  });
}

const IN_GAP = `select exists (select from sync.scope_gap where scope_id = $1::uuid
  and base_bundle_seq < $2::bigint and first_bundle_seq > $2::bigint) as is_in_gap`;

/** Whether the number belongs to no bundle of this history although later ones do. */
export async function isInGap(
  tx: Tx,
  scopeId: string,
  scope: Scope,
  bundleSeq: number,
): Promise<boolean> {
  if ((scope.epoch?.ordinal ?? 1) === 1 || bundleSeq === 0) return false;
  const [row] = await tx.query(IN_GAP, [scopeId, bundleSeq]);
  return row?.['is_in_gap'] === true;
}

/** `checkpoint_ahead`; who knows epochs learns how far this history goes. */
export function refuseAhead(context: SyncContext, caller: Caller, scope: Scope): never {
  context.counters.checkpointAhead += 1;
  return refuse(
    'checkpoint_ahead',
    'the checkpoint is ahead of the server',
    caller.extensions.has('server_epoch')
      ? { latest_bundle_seq: scope.latestBundleSeq }
      : undefined,
  );
}

/** The member that answers carry for who asked, as the beginning of a JSON object's text. */
export const epochMember = (caller: Caller, scope: Scope): string =>
  caller.extensions.has('server_epoch') && scope.epoch !== null
    ? `"server_epoch":"${scope.epoch.id}",`
    : '';

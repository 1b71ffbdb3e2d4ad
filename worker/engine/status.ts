/** The few facts that a person sees about sync (`app.md` §6.1), computed from the tables and the loop. */
import type { Phase, SyncStatus } from '../../shared/status.ts';
import { instantOfMs } from '../../shared/schema/instant.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import { countHeld, countPending } from './intents.ts';
import { countLost } from './unsent.ts';
import { hasHousehold, readAttachment, readOperation } from './state.ts';

/** What the engine knows beside its tables. */
export interface Activity {
  readonly isOpen: boolean;
  readonly isBusy: boolean;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly lastExchangeAtMs: number | null;
  readonly nextTryAtMs: number | null;
  readonly lastFailure: SyncFailure | null;
}

export const IDLE: Activity = {
  isOpen: false,
  isBusy: false,
  progress: null,
  lastExchangeAtMs: null,
  nextTryAtMs: null,
  lastFailure: null,
};

/** Only an update of the app can end this. */
const isTooOld = (failure: SyncFailure): boolean =>
  failure.type === 'version'
    ? failure.code === 'client_upgrade_required'
    : failure.type === 'protocol' && failure.code === 'protocol-version-mismatch';

export function failureCode(failure: SyncFailure): string {
  switch (failure.type) {
    case 'auth':
      return failure.code ?? `status-${failure.status}`;
    case 'network':
      return failure.reason;
    case 'apply':
      return 'apply-refused';
    case 'state':
    case 'version':
    case 'protocol':
    case 'conflict':
      return failure.code;
  }
}

const isSilence = (reason: string): boolean => ['network', 'timeout', 'aborted'].includes(reason);

function phaseOf(context: Context, activity: Activity): Phase {
  const attachment = readAttachment(context.sql);
  const operation = readOperation(context.sql);
  const failure = activity.lastFailure;
  if (failure !== null && isTooOld(failure)) return 'too-old';
  if (failure?.type === 'version') return 'server-older';
  if (failure?.type === 'auth') return 'signed-out';
  const isFirst = operation.kind === 'remote_replace';
  if (!hasHousehold(context.sql)) return 'local-only';
  if (activity.isBusy && isFirst) return 'first-download';
  if (failure?.type === 'network') return isSilence(failure.reason) ? 'offline' : 'server-trouble';
  if (failure !== null && !activity.isBusy)
    return attachment.rebuildRequired ? 'rebuild-needed' : 'server-trouble';
  if (activity.isBusy) return 'exchanging';
  return attachment.rebuildRequired ? 'rebuild-needed' : 'idle';
}

export function computeStatus(
  context: Context,
  activity: Activity,
  durable: SyncStatus['durable'],
): SyncStatus {
  const attachment = readAttachment(context.sql);
  return {
    phase: durable === 'none' ? 'memory-only' : phaseOf(context, activity),
    unsent: { acts: context.journal.unsentActs(context.sql), rows: countPending(context.sql) },
    held: countHeld(context.sql),
    choices: context.journal.openChoices(context.sql),
    lost: countLost(context.sql),
    durable,
    progress: activity.progress,
    lastExchangeAt:
      activity.lastExchangeAtMs === null ? null : instantOfMs(activity.lastExchangeAtMs),
    nextTryAt: activity.nextTryAtMs === null ? null : instantOfMs(activity.nextTryAtMs),
    lastError: activity.lastFailure === null ? null : failureCode(activity.lastFailure),
    checkpoint: attachment.checkpoint,
    sourceId: attachment.sourceId,
  };
}

/**
 * The status chip as a pure function of the engine's facts (`app.md` §6.1): icon, tone, words, and what
 * stands below on tap. First match wins; the order is the order of `describe`. Offline is never red;
 * counts are acts. `settleChip` adds the rules of time: what is too short to be true is not shown.
 */
import type { Phase, SyncStatus } from '../../shared/status.ts';
import { wordsForAccount } from '../text/account.ts';
import { wordsForChip } from '../text/sync.ts';

export type ChipIcon =
  | 'opening'
  | 'alert'
  | 'update'
  | 'disk'
  | 'person-off'
  | 'phone'
  | 'down'
  | 'cloud-off'
  | 'cloud-alert'
  | 'up'
  | 'saved'
  | 'cloud-check';

export type ChipTone = 'quiet' | 'ok' | 'wait' | 'error';

export interface ChipState {
  readonly kind: string;
  readonly icon: ChipIcon;
  readonly tone: ChipTone;
  readonly words: string;
  readonly below: string;
  /** Words that may fade once they were read (only "Synced"). */
  readonly fades: boolean;
  /** What the phone shows beside its icon: unsent acts. */
  readonly count: number;
}

export interface ChipMoment {
  readonly nowMs: number;
  readonly clock: (instant: string) => string;
}

type MakeState = (
  icon: ChipIcon,
  tone: ChipTone,
  words: string,
  below: string,
  fades?: boolean,
) => ChipState;

/** Phases in which nothing on this device is in the way: what is gone is said before them. */
const UNTROUBLED: ReadonlySet<Phase> = new Set([
  'local-only',
  'first-download',
  'offline',
  'server-trouble',
  'exchanging',
  'idle',
]);

export function describeChip(status: SyncStatus, moment: ChipMoment): ChipState {
  const acts = status.unsent.acts;
  const state: MakeState = (icon, tone, words, below, fades = false) => ({
    kind: status.phase,
    icon,
    tone,
    words,
    below,
    fades,
    count: acts,
  });
  const lastAt = status.lastExchangeAt === null ? null : moment.clock(status.lastExchangeAt);
  if (status.isSavingSlow === true && status.durable !== 'none') {
    const slow = state('disk', 'wait', wordsForChip.slow, wordsForChip.slowBelow);
    return { ...slow, kind: 'saving-slow' };
  }
  if (status.isWorkLost === true && UNTROUBLED.has(status.phase)) {
    const lost = state('alert', 'error', wordsForChip.workLost, wordsForChip.workLostBelow);
    return { ...lost, kind: 'work-lost' };
  }
  switch (status.phase) {
    case 'opening':
      return state('opening', 'quiet', wordsForChip.opening, wordsForChip.openingBelow);
    case 'memory-only':
      return state('alert', 'error', wordsForChip.memoryOnly, wordsForChip.memoryOnlyBelow);
    case 'too-old':
      return state('update', 'wait', wordsForChip.tooOld, wordsForChip.tooOldBelow(acts));
    case 'server-older':
    case 'newer-kitchen':
    case 'unreadable':
      return wrongVersion(status.phase, acts, state);
    case 'rebuild-needed':
      return state('alert', 'error', wordsForChip.rebuild, wordsForChip.rebuildBelow(acts));
    case 'storage-full':
      return state('disk', 'error', wordsForChip.full, wordsForChip.fullBelow);
    case 'storage-cleared':
      return state('alert', 'error', wordsForChip.cleared, wordsForChip.clearedBelow);
    case 'signed-out':
      return state('person-off', 'wait', wordsForChip.signedOut(acts), wordsForChip.signedOutBelow);
    case 'local-only':
      // Nothing waits here: there is nobody to send it to.
      return { ...localOnly(status, state), count: 0 };
    case 'first-download':
      return state(
        'down',
        'quiet',
        wordsForChip.download(percent(status)),
        wordsForChip.downloadBelow,
      );
    case 'offline':
      return state(
        'cloud-off',
        'quiet',
        wordsForChip.offline(acts),
        wordsForChip.offlineBelow(acts, lastAt),
      );
    case 'server-trouble':
      return state(
        'cloud-alert',
        'wait',
        wordsForChip.trouble(acts),
        wordsForChip.troubleBelow(secondsUntil(status, moment)),
      );
    case 'exchanging':
    case 'idle':
      return exchange(acts, lastAt, state);
  }
}

/** Nothing is wrong: something is on its way, or everything has arrived. */
function exchange(acts: number, lastAt: string | null, state: MakeState): ChipState {
  if (acts > 0) {
    const sending = state('up', 'quiet', wordsForChip.sending(acts), wordsForChip.sendingBelow);
    return { ...sending, kind: 'sending' };
  }
  if (lastAt === null) {
    return { ...state('down', 'quiet', wordsForChip.connecting, ''), kind: 'connecting' };
  }
  return {
    ...state('cloud-check', 'ok', wordsForChip.synced, wordsForChip.syncedBelow(lastAt), true),
    kind: 'synced',
  };
}

/** App, server and kitchen do not fit each other; nothing of it is lost. */
function wrongVersion(
  phase: 'server-older' | 'newer-kitchen' | 'unreadable',
  acts: number,
  state: MakeState,
): ChipState {
  switch (phase) {
    case 'server-older':
      return state(
        'cloud-alert',
        'wait',
        wordsForChip.serverOlder(acts),
        wordsForChip.serverOlderBelow,
      );
    case 'newer-kitchen':
      return state('update', 'wait', wordsForChip.newerKitchen, wordsForChip.newerKitchenBelow);
    case 'unreadable':
      return state('alert', 'error', wordsForChip.unreadable, wordsForChip.unreadableBelow);
  }
}

/** Somebody signed out and left work behind a lock: said before anything about this kitchen. */
function localOnly({ sealed = [] }: SyncStatus, state: MakeState): ChipState {
  const [first] = sealed;
  if (first === undefined) {
    return state('phone', 'quiet', wordsForChip.localOnly, wordsForChip.localOnlyBelow);
  }
  const locked = sealed.reduce((sum, { acts }) => sum + Math.max(1, acts), 0);
  const below = sealed.map(({ name, acts }) => wordsForAccount.locked(name, Math.max(1, acts)));
  return state('person-off', 'wait', wordsForAccount.lockedShort(locked), below.join(' '));
}

function percent(status: SyncStatus): number | null {
  if (status.progress === null || status.progress.total === 0) return null;
  return Math.min(100, Math.floor((status.progress.done / status.progress.total) * 100));
}

function secondsUntil(status: SyncStatus, moment: ChipMoment): number | null {
  if (status.nextTryAt === null) return null;
  return Math.max(0, Math.ceil((Date.parse(status.nextTryAt) - moment.nowMs) / 1000));
}

/** What is on screen, since when, and what wants to be there, since when. */
export interface SettledChip {
  readonly shown: ChipState;
  readonly shownSinceMs: number;
  readonly wanted: ChipState;
  readonly wantedSinceMs: number;
}

/** "Sending" has to last before it is said, and then stays long enough to be read. */
const SENDING_AFTER_MS = 2_000;
const SENDING_AT_LEAST_MS = 600;
/** A lost answer or two is not yet "offline". */
const OFFLINE_AFTER_MS = 3_000;
const TROUBLE_AFTER_MS = 60_000;

export function startChip(wanted: ChipState, nowMs: number): SettledChip {
  return { shown: wanted, shownSinceMs: nowMs, wanted, wantedSinceMs: nowMs };
}

export function settleChip(chip: SettledChip, wanted: ChipState, nowMs: number): SettledChip {
  const wantedSinceMs = chip.wanted.kind === wanted.kind ? chip.wantedSinceMs : nowMs;
  const next = { ...chip, wanted, wantedSinceMs };
  if (dueAtMs(next) <= nowMs) {
    const sameKind = chip.shown.kind === wanted.kind && chip.shown.words === wanted.words;
    return { ...next, shown: wanted, shownSinceMs: sameKind ? chip.shownSinceMs : nowMs };
  }
  // Not yet, but "Synced" must not stand over something that the server has not got.
  if (chip.shown.kind === 'synced' && wanted.count > 0) {
    return { ...next, shown: savedHere(wanted.count), shownSinceMs: nowMs };
  }
  return next;
}

function savedHere(count: number): ChipState {
  return {
    kind: 'saved',
    icon: 'saved',
    tone: 'ok',
    words: wordsForChip.saved,
    below: wordsForChip.sendingBelow,
    fades: false,
    count,
  };
}

/** When the wanted state may be shown. */
export function dueAtMs(chip: SettledChip): number {
  if (chip.shown.kind === chip.wanted.kind || chip.shown.kind === 'opening') return 0;
  const leave = chip.shown.icon === 'up' ? chip.shownSinceMs + SENDING_AT_LEAST_MS : 0;
  return Math.max(leave, chip.wantedSinceMs + waitMs(chip.wanted));
}

function waitMs(wanted: ChipState): number {
  if (wanted.icon === 'up') return SENDING_AFTER_MS;
  if (wanted.icon === 'cloud-off') return OFFLINE_AFTER_MS;
  if (wanted.icon === 'cloud-alert') return TROUBLE_AFTER_MS;
  return 0;
}

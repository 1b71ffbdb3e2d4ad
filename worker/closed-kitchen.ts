/**
 * A kitchen of this device that cannot be opened, as tabs see it: the phase says why, nothing is read or
 * written, and the files stay as they are. `newer-kitchen`: newer code has had it, this window must reload.
 * `unreadable`: its file is damaged; what can still be read of the unsent work is offered as a file, and the
 * person may begin anew with the damaged files set aside.
 */
import { err } from '../shared/result.ts';
import type { Kitchen, SavedRows } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';
import type { Sql } from './engine/ports.ts';
import { exportUnsent } from './engine/unsent.ts';
import { UnsoundDatabase } from './host/local-database.ts';
import { isDamage } from './host/sqlite-damage.ts';
import { StoreError } from './store/files.ts';

type ClosedPhase = Extract<SyncStatus['phase'], 'newer-kitchen' | 'unreadable'>;

const NOTHING: SavedRows = { text: '', rows: 0, confirmation: '' };

export class KitchenClosed extends Error {
  override readonly name = 'KitchenClosed';
  readonly phase: ClosedPhase;
  readonly salvaged: SavedRows;

  constructor(phase: ClosedPhase, salvaged: SavedRows = NOTHING) {
    super(phase);
    this.phase = phase;
    this.salvaged = salvaged;
  }
}

/** What a failed opening means, or the error itself where it means nothing of the kind. */
export function whyClosed(error: unknown): unknown {
  if (error instanceof StoreError) return whyRefused(error);
  if (error instanceof UnsoundDatabase) return new KitchenClosed('unreadable', salvage(error.sql));
  return isDamage(error) ? new KitchenClosed('unreadable') : error;
}

function whyRefused(error: StoreError): unknown {
  switch (error.failure.detail) {
    case 'newer-schema':
      return new KitchenClosed('newer-kitchen');
    case 'nothing-readable':
      return new KitchenClosed('unreadable');
    default:
      return error;
  }
}

/** The unsent work of a damaged database, as far as it can be read. */
export function salvage(sql: Sql): SavedRows {
  try {
    return exportUnsent(sql);
  } catch {
    return NOTHING;
  }
}

export function createClosedKitchen(
  closed: KitchenClosed,
  beginAnew: () => Promise<void>,
  end: () => void,
): Kitchen {
  const { phase } = closed;
  const status: SyncStatus = {
    phase,
    unsent: { acts: 0, rows: closed.salvaged.rows },
    held: 0,
    choices: 0,
    durable: 'none',
    progress: null,
    lastExchangeAt: null,
    nextTryAt: null,
    lastError: phase,
    checkpoint: 0,
    sourceId: '',
  };
  const nothing = (): void => undefined;
  const never = <T>(): Promise<T> => new Promise<T>(nothing);
  return {
    perform: () => Promise.resolve(err({ type: 'not-saved', reason: 'broken' })),
    // Screens wait behind what is said over them.
    ask: never,
    watch: () => Promise.resolve(nothing),
    watchStatus(onStatus) {
      onStatus(status);
      return Promise.resolve(nothing);
    },
    attach: () => Promise.resolve({ type: 'refused', code: phase }),
    detach: () => Promise.resolve({ type: 'failed', code: phase }),
    account: never,
    decide: () => Promise.resolve('failed'),
    syncNow: () => Promise.resolve(),
    wake: () => Promise.resolve(),
    exportUnsent: () => Promise.resolve(closed.salvaged),
    discardUnsent: () => Promise.resolve('failed'),
    exportLost: () => Promise.resolve(NOTHING),
    dismissLost: () => Promise.resolve(),
    async afterClearing() {
      if (phase === 'unreadable') await beginAnew();
      return 'started-anew';
    },
    // Nothing is open and nothing is unsaved here, but the owner's lock is held.
    handOver: () => Promise.resolve(end()),
    dump: never,
  };
}

/**
 * The chip's state over time: `settleChip` run on every change of status and again when something falls
 * due. Between those moments nothing ticks, so an idle tab does no work.
 */
import { useEffect, useReducer } from 'react';

import type { SyncStatus } from '../../shared/status.ts';
import { useStatus } from '../kitchen.tsx';
import { clockTime } from '../text/time.ts';
import {
  type ChipState,
  describeChip,
  dueAtMs,
  settleChip,
  type SettledChip,
  startChip,
} from './chip-state.ts';

interface Moment {
  readonly status: SyncStatus;
  readonly nowMs: number;
}

const momentOf = (status: SyncStatus): Moment => ({ status, nowMs: Date.now() });

const wantedAt = ({ status, nowMs }: Moment): ChipState =>
  describeChip(status, { nowMs, clock: clockTime });

const settle = (chip: SettledChip, moment: Moment): SettledChip =>
  settleChip(chip, wantedAt(moment), moment.nowMs);

const start = (status: SyncStatus): SettledChip => {
  const moment = momentOf(status);
  return startChip(wantedAt(moment), moment.nowMs);
};

export function useChip(): ChipState {
  const status = useStatus();
  const [chip, tell] = useReducer(settle, status, start);

  useEffect(() => tell(momentOf(status)), [status]);

  const isSettled = chip.shown === chip.wanted;
  const dueMs = dueAtMs(chip);
  useEffect(() => {
    if (isSettled) return undefined;
    const timer = setTimeout(() => tell(momentOf(status)), Math.max(0, dueMs - Date.now()) + 1);
    return () => clearTimeout(timer);
  }, [isSettled, dueMs, status]);
  return chip.shown;
}

/**
 * Ticking with a moment of grace: performs the tick at once, holds the row's place for 600 ms, and keeps
 * the last tick for the undo bar. Shared by the list and shopping mode.
 */
import { useEffect, useState } from 'react';

import type { ListRow, ListView } from '../../../shared/queries.ts';
import { usePerform } from '../../kitchen.tsx';
import { type HeldRow, holdRow, holdRows } from './list-hold.ts';

export interface Ticking {
  /** The list as it is to be shown. */
  readonly view: ListView | undefined;
  readonly tick: (row: ListRow) => void;
  /** The act of the newest tick, for the undo bar. */
  readonly lastActId: string | null;
  readonly forgetLast: () => void;
}

export function useTicking(current: ListView | undefined): Ticking {
  const perform = usePerform();
  const [held, setHeld] = useState<readonly HeldRow[]>([]);
  const [lastActId, setLastActId] = useState<string | null>(null);

  const firstUntilMs = held.length === 0 ? null : Math.min(...held.map((one) => one.untilMs));
  useEffect(() => {
    if (firstUntilMs === null) return undefined;
    const timer = setTimeout(
      () => setHeld((all) => all.filter((one) => one.untilMs > Date.now())),
      Math.max(0, firstUntilMs - Date.now()) + 1,
    );
    return () => clearTimeout(timer);
  }, [firstUntilMs]);

  const view = current && holdRows(current, held);
  const tick = (row: ListRow) => {
    if (view === undefined) return;
    // oxlint-disable-next-line react/purity -- runs when a person ticks, never while rendering
    const waiting = holdRow(view, row, Date.now());
    const isHeld = (one: HeldRow) => one.row.key === row.key;
    // A second tap while it waits takes the tick back, and the row was never away.
    setHeld((all) =>
      waiting && !all.some(isHeld) ? [...all, waiting] : all.filter((one) => !isHeld(one)),
    );
    const act = row.state === 'basket' ? 'list.untick' : 'list.tick';
    navigator.vibrate?.(TICK_BUZZ_MS);
    void write(act, row, isHeld);
  };
  const write = async (
    act: 'list.tick' | 'list.untick',
    row: ListRow,
    isHeld: (one: HeldRow) => boolean,
  ): Promise<void> => {
    const result = await perform(act, { ids: row.ids }, { toast: 'none' });
    if (result.ok) setLastActId(result.value.actId);
    else setHeld((all) => all.filter((one) => !isHeld(one)));
  };
  return { view, tick, lastActId, forgetLast: () => setLastActId(null) };
}

const TICK_BUZZ_MS = 8;

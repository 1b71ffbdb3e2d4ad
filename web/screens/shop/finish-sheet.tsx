/** The end of a trip: what was bought, and which of it goes into the pantry. One act, one undo. */
import { useState } from 'react';

import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { ListRow } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Switch } from '../../components/switch.tsx';
import { usePerform } from '../../kitchen.tsx';
import { wordsForShop } from '../../text/list.ts';
import { useBusy } from '../../use-busy.ts';
import css from './finish-sheet.module.css';

interface FinishSheetProps {
  readonly storeId: string | null;
  readonly basket: readonly ListRow[];
  readonly onClose: () => void;
  /** Closes it too, or goes elsewhere: two steps through the history at once would cross. */
  readonly onFinished: () => void;
}

export function FinishSheet({ storeId, basket, onClose, onFinished }: FinishSheetProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  const [forPantry, setForPantry] = useState<ReadonlySet<string>>(new Set());
  const allIn = basket.every((row) => forPantry.has(row.key));
  const set = (rows: readonly ListRow[], on: boolean) => {
    const next = new Set(forPantry);
    for (const row of rows) {
      if (on) next.add(row.key);
      else next.delete(row.key);
    }
    setForPantry(next);
  };
  const finish = async () => {
    const pantryLineIds = basket.filter((row) => forPantry.has(row.key)).flatMap((row) => row.ids);
    const result = await perform('trip.finish', { storeId, pantryLineIds });
    if (result.ok) onFinished();
  };
  return (
    <Sheet
      title={wordsForShop.finishTitle}
      open
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{wordsForShop.notYet}</Button>
          <Button
            tone="primary"
            disabled={busy || basket.length === 0}
            onClick={() => once(finish)}
          >
            {wordsForShop.finishNow(basket.length)}
          </Button>
        </>
      }
    >
      <p className={css['words']}>{wordsForShop.finishWords(basket.length)}</p>
      {basket.length === 0 ? null : (
        <fieldset className={css['lines']} aria-label={wordsForShop.toPantry}>
          <Switch
            label={wordsForShop.allToPantry}
            checked={allIn}
            onChange={(on) => set(basket, on)}
          />
          {basket.map((row) => (
            <Switch
              key={row.key}
              label={row.title}
              hint={formatAmount(row.quantityMilli, row.unit)}
              checked={forPantry.has(row.key)}
              onChange={(on) => set([row], on)}
            />
          ))}
        </fieldset>
      )}
    </Sheet>
  );
}

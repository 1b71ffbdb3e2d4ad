/**
 * One row in the shop: 64 px, readable at arm's length; the whole row is one press. A screen reader hears all
 * of it from the checkbox.
 */
import { useId } from 'react';

import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { ListRow } from '../../../shared/queries.ts';
import { cx } from '../../components/cx.ts';
import { Tick } from '../../components/tick.tsx';
import { wordsForList } from '../../text/list.ts';
import { InlineChoice } from '../choices/inline-choice.tsx';
import { metaOf } from '../list/list-row.tsx';
import css from './shop.module.css';

interface ShopRowProps {
  readonly row: ListRow;
  readonly onTick: () => void;
}

export function ShopRow({ row, onTick }: ShopRowProps) {
  const amount = formatAmount(row.quantityMilli, row.unit);
  const meta = metaOf(row);
  const about = useId();
  return (
    <li
      className={cx(
        css['row'],
        row.state === 'basket' && css['ticked'],
        row.inQuestion && css['asked'],
      )}
      data-row={row.key}
      data-state={row.state}
    >
      <Tick
        size="shop"
        label={wordsForList.tick(row.title, amount)}
        checked={row.state === 'basket'}
        describedBy={about}
        onChange={onTick}
      />
      <span className={css['words']} aria-hidden="true">
        <span className={css['title']}>{row.title}</span>
        <span className={css['meta']} id={about}>
          {meta}
        </span>
      </span>
      <span className={css['amount']} aria-hidden="true">
        {amount}
      </span>
      {row.inQuestion ? <InlineChoice ids={row.ids} /> : null}
    </li>
  );
}

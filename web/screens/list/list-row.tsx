/**
 * One row of the shopping list: circle, name, amount, and a quiet line with meal, note and shop. A press on
 * the name opens its details; on hover or focus a pointer finds "later" and "remove" at the end. A row in
 * question asks below its line.
 */
import { ClockArrowDown, GitFork, Trash2, Undo2 } from 'lucide-react';
import { useId } from 'react';

import { weekdayName } from '../../../shared/domain/day.ts';
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { ListRow as Row } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { Tick } from '../../components/tick.tsx';
import { UnsentDot } from '../../components/unsent-dot.tsx';
import { wordsForFrame } from '../../text/frame.ts';
import { wordsForList } from '../../text/list.ts';
import { InlineChoice } from '../choices/inline-choice.tsx';
import css from './list-row.module.css';

export interface ListRowProps {
  readonly row: Row;
  readonly selected: boolean;
  readonly onTick: () => void;
  readonly onOpen: () => void;
  readonly onLater: () => void;
  readonly onRemove: () => void;
  readonly onKeepOne: () => void;
}

export function ListRow(props: ListRowProps) {
  const { row, selected, onTick, onOpen, onLater, onRemove, onKeepOne } = props;
  const amount = formatAmount(row.quantityMilli, row.unit);
  const ticked = row.state === 'basket';
  const meta = metaOf(row);
  const about = useId();
  return (
    <li
      className={cx(
        css['row'],
        ticked && css['ticked'],
        (row.inQuestion || row.addedTwice) && css['asked'],
        selected && css['selected'],
      )}
      data-row={row.key}
      data-state={row.state}
    >
      <Tick
        label={wordsForList.tick(row.title, amount)}
        checked={ticked}
        describedBy={about}
        onChange={onTick}
      />
      <button
        type="button"
        className={css['open']}
        aria-label={wordsForList.edit(row.title)}
        aria-describedby={about}
        data-open=""
        onClick={onOpen}
      >
        <span className={css['line']}>
          <span className={css['title']}>{row.title}</span>
          <RowMarks row={row} />
        </span>
        <span className={css['meta']} id={about}>
          {meta}
        </span>
      </button>
      <span className={css['actions']}>
        {ticked ? null : (
          <IconButton
            label={
              row.state === 'later'
                ? wordsForList.takeNow(row.title)
                : wordsForList.putLater(row.title)
            }
            icon={row.state === 'later' ? <Undo2 size={18} /> : <ClockArrowDown size={18} />}
            data-later=""
            onClick={onLater}
          />
        )}
        <IconButton
          label={wordsForList.remove(row.title)}
          icon={<Trash2 size={18} />}
          data-remove=""
          onClick={onRemove}
        />
      </span>
      <span className={css['amount']}>{amount}</span>
      {row.inQuestion ? <InlineChoice ids={row.ids} /> : null}
      {row.addedTwice ? (
        <span className={css['twice']}>
          <Button tone="quiet" aria-label={wordsForList.keepOneOf(row.title)} onClick={onKeepOne}>
            {wordsForList.keepOne}
          </Button>
        </span>
      ) : null}
    </li>
  );
}

function RowMarks({ row }: { readonly row: Row }) {
  return (
    <>
      {row.inQuestion ? (
        <span className={css['question']} title={wordsForFrame.inQuestion}>
          <GitFork size={16} aria-hidden="true" />
          <span className="spoken">{wordsForFrame.inQuestion}</span>
        </span>
      ) : null}
      {row.unsent ? (
        <span className={css['unsent']}>
          <UnsentDot />
        </span>
      ) : null}
    </>
  );
}

/** Meal, note, shop: what helps to buy the right thing. */
export function metaOf(row: Row): string {
  const meals = row.meals.map(({ title, day }) =>
    wordsForList.meal(title, weekdayName(day).slice(0, 3)),
  );
  const parts = [...meals, ...row.notes];
  if (row.storeName !== null) parts.push(row.storeName);
  if (row.addedTwice) parts.push(wordsForList.addedTwice);
  return parts.join(' · ');
}

/** The pantry `/pantry`: fridge, freezer, cupboard; what should be used first stands first. */
import { Refrigerator } from 'lucide-react';
import { useState } from 'react';

import type { ActArgs } from '../../../shared/acts/acts.ts';
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import { readQuickAdd } from '../../../shared/domain/quick-add.ts';
import type { PantryRow } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SegmentedTabs } from '../../components/segmented-tabs.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { TextField } from '../../components/text-field.tsx';
import { View } from '../../components/view.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForPantry } from '../../text/views.ts';
import css from './pantry.module.css';

type Place = ActArgs['pantry.add']['place'];
const PLACES: readonly Place[] = ['fridge', 'freezer', 'cupboard'];

export function PantryScreen() {
  const rows = useQuery('pantry', {});
  const [chosen, setPlace] = useState<Place | null>(null);
  if (rows === undefined) {
    return (
      <View title={wordsForPantry.title}>
        <Skeleton />
      </View>
    );
  }
  const place = chosen ?? firstFilled(rows);
  const here = rows.filter((row) => row.place === place);
  return (
    <View title={wordsForPantry.title}>
      <SegmentedTabs
        label={wordsForPantry.place}
        wide
        value={place}
        options={PLACES.map((value) => ({
          value,
          label: wordsForPantry.places[value],
          count: rows.filter((row) => row.place === value).length,
        }))}
        onChange={setPlace}
      />
      <AddToPantry place={place} />
      {here.length === 0 ? (
        <EmptyState icon={<Refrigerator size={28} strokeWidth={1.5} aria-hidden="true" />}>
          {rows.length === 0 ? wordsForPantry.empty : wordsForPantry.placeEmpty}
        </EmptyState>
      ) : (
        <ul className={css['rows']} aria-label={wordsForPantry.places[place]}>
          {here.map((row) => (
            <Batch key={row.id} row={row} />
          ))}
        </ul>
      )}
    </View>
  );
}

/** Nobody chose yet: the first place that holds something. */
function firstFilled(rows: readonly PantryRow[]): Place {
  return PLACES.find((place) => rows.some((row) => row.place === place)) ?? 'fridge';
}

function Batch({ row }: { readonly row: PantryRow }) {
  const perform = usePerform();
  return (
    <li className={css['row']}>
      <span className={css['words']}>
        <span>{row.title}</span>
        <span className={css['meta']}>
          {[row.expiresOn === null ? null : wordsForPantry.bestBefore(row.expiresOn), row.note]
            .filter((part) => part !== null)
            .join(' · ')}
        </span>
      </span>
      <span className={css['amount']}>{formatAmount(row.quantityMilli, row.unit)}</span>
      <Button
        tone="quiet"
        aria-label={wordsForPantry.usedUp(row.title)}
        onClick={() => void perform('pantry.gone', { ids: [row.id] })}
      >
        {wordsForPantry.usedUpShort}
      </Button>
    </li>
  );
}

function AddToPantry({ place }: { readonly place: Place }) {
  const perform = usePerform();
  const [text, setText] = useState('');
  const add = async () => {
    const entries = readQuickAdd(text);
    if (entries.length === 0) return;
    setText('');
    const result = await perform('pantry.add', { entries, place });
    // Not saved: the words come back, before whatever was typed meanwhile.
    if (!result.ok) setText((later) => [text, later].filter(Boolean).join(', '));
  };
  return (
    <form
      className={css['add']}
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <TextField
        label={wordsForPantry.add}
        labelHidden
        placeholder={wordsForPantry.addExample}
        autoComplete="off"
        value={text}
        onValue={setText}
      />
    </form>
  );
}

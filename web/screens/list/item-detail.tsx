/**
 * Everything about one row: amount, note and shop of each of its lines, its aisle, and removing it. Save is
 * one act per changed line, holding only what changed. What comes from elsewhere meanwhile replaces only
 * fields that nobody touched here. What was typed stays until it is saved, also when its line is gone.
 */
import { type FormEvent, useId, useState } from 'react';

import type { ActArgs } from '../../../shared/acts/acts.ts';
import { weekdayName } from '../../../shared/domain/day.ts';
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { ListPart, ListRow } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Switch } from '../../components/switch.tsx';
import { SelectField, TextArea, TextField } from '../../components/text-field.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForList } from '../../text/list.ts';
import { useBusy } from '../../use-busy.ts';
import { amountFromFields, amountToText } from './amount-text.ts';
import { VersionsList } from '../choices/versions-list.tsx';
import css from './item-detail.module.css';
import { keepTyped, readTyped, type Typed, typedSince, wordsTyped } from './typed-words.ts';
import type { OpenItem } from './use-open-item.ts';

const UNITS = ['g', 'kg', 'ml', 'l', 'pack', 'can', 'bottle', 'jar', 'bunch', 'piece'];

interface ItemDetailProps {
  readonly item: OpenItem;
  readonly onDone: () => void;
}

export function ItemDetail({ item, onDone }: ItemDetailProps) {
  const { row, goneIds } = item;
  const words = wordsTyped(goneIds);
  return (
    <>
      {row !== null && words === '' ? null : <Gone words={words} />}
      {row === null ? null : <RowDetail row={row} onDone={onDone} />}
    </>
  );
}

/** What was typed for a line that is no longer there: to be read and copied. */
function Gone({ words }: { readonly words: string }) {
  return (
    <div className={css['part']}>
      <output>{wordsForList.gone}</output>
      {words === '' ? null : (
        <TextArea label={wordsForList.typedBefore} readOnly value={words} onValue={noop} />
      )}
    </div>
  );
}

interface RowDetailProps {
  readonly row: ListRow;
  readonly onDone: () => void;
}

function RowDetail({ row, onDone }: RowDetailProps) {
  const perform = usePerform();
  const single = row.parts.length === 1;
  const later = row.state === 'later';
  return (
    <div className={css['detail']}>
      {single ? null : <p className={css['hint']}>{wordsForList.itemParts}</p>}
      {row.parts.map((part) => (
        <PartForm key={part.id} part={part} row={row} onSaved={single ? onDone : noop} />
      ))}
      <AisleField row={row} />
      <VersionsList ids={row.ids} quiet />
      <div className={css['acts']}>
        {row.state === 'basket' ? null : (
          <Button
            onClick={() => {
              void perform('list.later', { ids: row.ids, later: !later });
              onDone();
            }}
          >
            {later ? wordsForList.nowShort : wordsForList.laterShort}
          </Button>
        )}
        <Button
          tone="danger"
          onClick={() => {
            void perform('list.remove', { ids: row.ids });
            onDone();
          }}
        >
          {single ? wordsForList.removeShort : wordsForList.removeAll}
        </Button>
      </div>
    </div>
  );
}

const noop = (): void => undefined;

interface PartFormProps {
  readonly part: ListPart;
  readonly row: ListRow;
  readonly onSaved: () => void;
}

/** What was typed for a line, as this tab keeps it. */
function useTyped(lineId: string) {
  const [typed, setTyped] = useState(() => readTyped(lineId));
  const change = (next: Typed): void => {
    keepTyped(lineId, next);
    setTyped(next);
  };
  return [typed, change] as const;
}

function PartForm({ part, row, onSaved }: PartFormProps) {
  const perform = usePerform();
  const stores = useQuery('stores', {}) ?? [];
  const unitsId = useId();
  const [typed, setTyped] = useTyped(part.id);
  const [problem, setProblem] = useState<'amount' | 'title' | null>(null);
  const [busy, once] = useBusy();
  const amountText = typed.amount ?? amountToText(part.quantityMilli, part.unit);
  const unitText = typed.unit ?? part.unit ?? '';

  const save = async () => {
    const amount = amountFromFields(amountText, unitText);
    if (amount === null) return setProblem('amount');
    if (typed.title?.trim() === '') return setProblem('title');
    setProblem(null);
    const args = changesOf(part, row, typed, amount);
    if (args === null) {
      setTyped({});
      return onSaved();
    }
    const result = await perform('list.edit', args);
    if (!result.ok) return undefined;
    setTyped(typedSince(typed, readTyped(part.id)));
    return onSaved();
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    once(save);
  };
  return (
    <form className={css['part']} onSubmit={submit}>
      {part.meal === null ? null : (
        <p className={css['hint']}>
          {wordsForList.forMeal(part.meal.title, weekdayName(part.meal.day))}
        </p>
      )}
      <TextField
        label={wordsForList.name}
        value={typed.title ?? part.title}
        error={problem === 'title' ? wordsForList.nameNeeded : null}
        onValue={(title) => setTyped({ ...typed, title })}
      />
      <div className={css['pair']}>
        <TextField
          label={wordsForList.amount}
          inputMode="text"
          autoComplete="off"
          value={amountText}
          error={problem === 'amount' ? wordsForList.amountNotRead : null}
          onValue={(amount) => setTyped({ ...typed, amount })}
        />
        <TextField
          label={wordsForList.unit}
          list={unitsId}
          autoComplete="off"
          value={unitText}
          onValue={(unit) => setTyped({ ...typed, unit })}
        />
        <datalist id={unitsId}>
          {UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {unit}
            </option>
          ))}
        </datalist>
      </div>
      <TextField
        label={wordsForList.note}
        value={typed.note ?? part.note ?? ''}
        onValue={(note) => setTyped({ ...typed, note })}
      />
      {stores.length === 0 ? null : (
        <SelectField
          label={wordsForList.shop}
          value={typed.storeId ?? row.storeId ?? ''}
          options={[
            { value: '', label: wordsForList.anyShop },
            ...stores.map((store) => ({ value: store.id, label: store.name })),
          ]}
          onValue={(storeId) => setTyped({ ...typed, storeId })}
        />
      )}
      <div className={css['save']}>
        {row.parts.length > 1 ? <RemovePart part={part} /> : null}
        {Object.keys(typed).length === 0 ? null : (
          <Button onClick={() => setTyped({})}>{wordsForList.discardTyped}</Button>
        )}
        <Button type="submit" tone="primary" disabled={busy}>
          {wordsForList.save}
        </Button>
      </div>
    </form>
  );
}

/** One of several lines goes, the others stay. */
function RemovePart({ part }: { readonly part: ListPart }) {
  const perform = usePerform();
  const what = wordsForList.tick(part.title, formatAmount(part.quantityMilli, part.unit));
  return (
    <Button
      tone="danger"
      aria-label={wordsForList.remove(what)}
      onClick={() => void perform('list.remove', { ids: [part.id] })}
    >
      {wordsForList.removeShort}
    </Button>
  );
}

type ListEdit = ActArgs['list.edit'];

/** Only what differs from the line as it is; null when nothing does. */
function changesOf(
  part: ListPart,
  row: ListRow,
  typed: Typed,
  amount: { readonly quantityMilli: number | null; readonly unit: string | null },
): ListEdit | null {
  const touchedAmount = typed.amount !== undefined || typed.unit !== undefined;
  const note = typed.note?.trim() === '' ? null : typed.note?.trim();
  const storeId = typed.storeId === '' ? null : typed.storeId;
  const title = typed.title?.trim();
  const changes: Omit<ListEdit, 'id'> = {
    ...(title !== undefined && title !== part.title ? { title } : {}),
    ...(touchedAmount && amount.quantityMilli !== part.quantityMilli
      ? { quantityMilli: amount.quantityMilli }
      : {}),
    ...(touchedAmount && amount.unit !== part.unit ? { unit: amount.unit } : {}),
    ...(note !== undefined && note !== part.note ? { note } : {}),
    ...(storeId !== undefined && storeId !== row.storeId ? { storeId } : {}),
  };
  return Object.keys(changes).length === 0 ? null : { id: part.id, ...changes };
}

/** Moving to another aisle is an act of its own, done at once. */
function AisleField({ row }: { readonly row: ListRow }) {
  const perform = usePerform();
  const aisles = useQuery('aisles', {}) ?? [];
  const [always, setAlways] = useState(false);
  if (aisles.length === 0) return null;
  return (
    <div className={css['aisle']}>
      <SelectField
        label={wordsForList.aisle}
        value={row.aisleId ?? ''}
        options={[
          { value: '', label: wordsForList.aisleAuto },
          ...aisles.map((aisle) => ({ value: aisle.id, label: aisle.name })),
        ]}
        onValue={(value) => {
          const aisleId = value === '' ? null : value;
          void perform('list.move', { ids: row.ids, aisleId, always });
        }}
      />
      <Switch label={wordsForList.always} checked={always} onChange={setAlways} />
    </div>
  );
}

/**
 * The small dialogues about one planned meal: move it, for how many, another title, take it off. Each ends
 * in one act; each says before it happens what will change besides the meal itself.
 */
import { type ComponentType, type FormEvent, useState } from 'react';

import { mondayOf } from '../../../shared/domain/day.ts';
import type { WeekEntry } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Stepper } from '../../components/stepper.tsx';
import { TextField } from '../../components/text-field.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { mealDialogText as text, mealNames, planSheetText } from '../../text/week.ts';
import { useBusy } from '../../use-busy.ts';
import type { MealDialogName } from './meal-card.tsx';
import css from './meal-dialogs.module.css';
import { PlaceFields } from './place-fields.tsx';
import { isSamePlace, removalOf } from './week-cells.ts';
import { dayWords } from './week-days.ts';

interface DialogProps {
  readonly entry: WeekEntry;
  readonly onClose: () => void;
}

const dialogs = {
  move: MoveDialog,
  servings: ServingsDialog,
  title: TitleDialog,
  remove: RemoveDialog,
} satisfies Readonly<Record<MealDialogName, ComponentType<DialogProps>>>;

export function MealDialog({ name, ...rest }: DialogProps & { readonly name: MealDialogName }) {
  const Dialog = dialogs[name];
  return <Dialog {...rest} />;
}

function MoveDialog({ entry, onClose }: DialogProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  const [place, setPlace] = useState({ day: entry.day, meal: entry.meal });
  const move = async () => {
    const result = await perform('plan.move', { id: entry.id, ...place });
    if (result.ok) onClose();
  };
  const swap = async (otherId: string) => {
    const result = await perform('plan.swap', { id: entry.id, otherId });
    if (result.ok) onClose();
  };
  const stays = isSamePlace(place, entry);
  const meals = useQuery('week', { from: mondayOf(place.day) }) ?? [];
  const others = stays ? [] : meals.filter((other) => isSamePlace(place, other));
  return (
    <Sheet
      open
      onClose={onClose}
      title={text.moveTitle(entry.title)}
      foot={
        <Button tone="primary" wide disabled={busy || stays} onClick={() => once(move)}>
          {stays ? text.moveSame : text.move(dayWords(place.day, 'medium'), mealNames[place.meal])}
        </Button>
      }
    >
      <div className={css['stack']}>
        <PlaceFields place={place} onChange={setPlace} />
        {others.map((other) => (
          <Button key={other.id} wide onClick={() => void swap(other.id)}>
            {text.swap(other.title)}
          </Button>
        ))}
      </div>
    </Sheet>
  );
}

function ServingsDialog({ entry, onClose }: DialogProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  const [servings, setServings] = useState(entry.servings);
  const save = async () => {
    const result = await perform('plan.servings', { id: entry.id, servings });
    if (result.ok) onClose();
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={text.servingsTitle(entry.title)}
      foot={
        <Button
          tone="primary"
          wide
          disabled={busy || servings === entry.servings}
          onClick={() => once(save)}
        >
          {text.servingsSave(servings)}
        </Button>
      }
    >
      <div className={css['stack']}>
        <Stepper
          label={planSheetText.servings}
          value={servings}
          min={1}
          max={99}
          onChange={setServings}
        />
        <p className={css['quiet']}>{text.servingsBody}</p>
      </div>
    </Sheet>
  );
}

function TitleDialog({ entry, onClose }: DialogProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  const [title, setTitle] = useState(entry.title);
  const save = async () => {
    const result = await perform('plan.edit', { id: entry.id, title: title.trim() });
    if (result.ok) onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    once(save);
  };
  return (
    <Sheet open onClose={onClose} title={text.renameTitle}>
      <form className={css['stack']} onSubmit={submit}>
        <TextField label={text.renameLabel} value={title} maxLength={160} onValue={setTitle} />
        <Button
          tone="primary"
          wide
          type="submit"
          disabled={busy || title.trim() === '' || title.trim() === entry.title}
        >
          {text.renameSave}
        </Button>
      </form>
    </Sheet>
  );
}

function RemoveDialog({ entry, onClose }: DialogProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  const { open, done, all } = removalOf(entry);
  const remove = async () => {
    const result = await perform('plan.remove', { ids: [entry.id] });
    if (result.ok) onClose();
  };
  return (
    <Sheet
      open
      alert
      onClose={onClose}
      title={text.removeTitle(entry.title, dayWords(entry.day, 'medium'))}
      foot={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button tone="danger" disabled={busy} onClick={() => once(remove)}>
            {text.removeButton(open)}
          </Button>
        </>
      }
    >
      <div className={css['stack']}>
        <p>{open === 0 ? text.removeNothing : text.removeLines(open, all)}</p>
        {done === 0 ? null : <p className={css['quiet']}>{text.removeStays(done)}</p>}
      </div>
    </Sheet>
  );
}

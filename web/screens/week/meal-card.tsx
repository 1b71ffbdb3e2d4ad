/**
 * One planned meal: title, for how many, its photo, how much of it is bought, and what can be done with
 * it behind ⋯. It can be dragged with the mouse, to a free spot or onto another meal, which then changes places
 * with it; "Move to…" does the same for everyone.
 */
import { ArrowLeftRight, Check, CookingPot, Pencil, Trash2, Users } from 'lucide-react';
import type { DragEvent } from 'react';
import { Link } from 'wouter';

import type { WeekEntry } from '../../../shared/queries.ts';
import { cx } from '../../components/cx.ts';
import { Menu, type MenuAction } from '../../components/menu.tsx';
import { Photo } from '../../components/photo.tsx';
import { UnsentDot } from '../../components/unsent-dot.tsx';
import { weekText as text } from '../../text/week.ts';
import { InlineChoice } from '../choices/inline-choice.tsx';
import { withServings } from '../recipe/servings-param.ts';
import css from './meal-card.module.css';

const mealDialogNames = ['move', 'servings', 'title', 'remove'] as const;

export type MealDialogName = (typeof mealDialogNames)[number];

export const isMealDialogName = (text: string): text is MealDialogName =>
  mealDialogNames.some((name) => name === text);

/** The kind of data a dragged meal carries; other drags are left alone. */
export const mealDragType = 'application/x-larder-meal';

export interface MealCardProps {
  readonly entry: WeekEntry;
  readonly onDialog: (name: MealDialogName, entry: WeekEntry) => void;
  readonly onCooked: (entry: WeekEntry) => void;
  /** Another meal was dropped on this one. */
  readonly onSwap: (droppedId: string, entry: WeekEntry) => void;
}

export function MealCard({ entry, onDialog, onCooked, onSwap }: MealCardProps) {
  const startDrag = (event: DragEvent) => {
    event.dataTransfer.setData(mealDragType, entry.id);
    event.dataTransfer.effectAllowed = 'move';
  };
  const drop = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(mealDragType)) return;
    // The cell around it would take the meal in beside this one.
    event.stopPropagation();
    event.preventDefault();
    onSwap(event.dataTransfer.getData(mealDragType), entry);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dragging is a second way; "Move to…" does the same
    <article
      className={cx(css['card'], entry.cooked && css['cooked'])}
      aria-label={entry.title}
      draggable
      onDragStart={startDrag}
      onDrop={drop}
    >
      {entry.photoId === null ? null : (
        <Photo
          photoId={entry.photoId}
          alt=""
          title={entry.title}
          hue={0}
          className={css['photo'] ?? ''}
        />
      )}
      <div className={css['words']}>
        <h3 className={css['title']}>
          <MealTitle entry={entry} />
          {entry.unsent ? <UnsentDot /> : null}
        </h3>
        <MealFacts entry={entry} />
        <InlineChoice ids={[entry.id]} place="card" />
      </div>
      <div className={css['menu']}>
        <Menu label={text.actionsFor(entry.title)} actions={actionsOf(entry, onDialog, onCooked)} />
      </div>
    </article>
  );
}

function MealTitle({ entry }: { readonly entry: WeekEntry }) {
  const opens =
    entry.recipeId !== null && (entry.recipeState === 'live' || entry.recipeState === 'trashed');
  if (!opens) return <span>{entry.title}</span>;
  const address = `/recipes/${entry.recipeId ?? ''}${withServings('', entry.servings)}`;
  return (
    <Link href={address} className={css['link']} draggable={false}>
      {entry.title}
    </Link>
  );
}

function MealFacts({ entry }: { readonly entry: WeekEntry }) {
  const { done, all } = entry.lines;
  const facts = [
    entry.recipeState === 'none' ? null : text.servings(entry.servings),
    all === 0 || entry.cooked ? null : text.bought(done, all),
    entry.recipeState === 'trashed' ? text.recipeTrashed : null,
    entry.recipeState === 'gone' ? text.recipeGone : null,
    entry.note,
  ].filter((fact) => fact !== null);
  if (facts.length === 0 && !entry.cooked) return null;
  return (
    <p className={css['facts']}>
      {entry.cooked ? (
        <span className={css['done']}>
          <Check size={14} aria-hidden="true" /> {text.cooked}
        </span>
      ) : null}
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </p>
  );
}

const iconSize = 18;

const actionsOf = (
  entry: WeekEntry,
  onDialog: MealCardProps['onDialog'],
  onCooked: MealCardProps['onCooked'],
): readonly MenuAction[] => [
  {
    id: 'cooked',
    label: entry.cooked ? text.markNotCooked : text.markCooked,
    icon: <CookingPot size={iconSize} />,
    onPress: () => onCooked(entry),
  },
  {
    id: 'move',
    label: text.moveTo,
    icon: <ArrowLeftRight size={iconSize} />,
    onPress: () => onDialog('move', entry),
  },
  ...(entry.recipeState === 'none'
    ? []
    : [
        {
          id: 'servings',
          label: text.changeServings,
          icon: <Users size={iconSize} />,
          onPress: () => onDialog('servings', entry),
        },
      ]),
  {
    id: 'title',
    label: text.rename,
    icon: <Pencil size={iconSize} />,
    onPress: () => onDialog('title', entry),
  },
  {
    id: 'remove',
    label: text.remove,
    icon: <Trash2 size={iconSize} />,
    danger: true,
    onPress: () => onDialog('remove', entry),
  },
];

/**
 * The list itself: aisles in the shop's order, then "Later", then the basket. Arrow keys move between rows;
 * X ticks, E edits, L leaves for later, Del removes, each the same as pressing its button; the focus stays
 * among the rows.
 */
import type { KeyboardEvent, ReactNode } from 'react';

import type { ListRow as Row, ListView } from '../../../shared/queries.ts';
import { hueStyle } from '../../components/hue.ts';
import { wordsForList } from '../../text/list.ts';
import { ListRow } from './list-row.tsx';
import css from './list-sections.module.css';
import { rowsIn, useRowFocus } from './use-row-focus.ts';

export interface ListActions {
  readonly onTick: (row: Row) => void;
  readonly onOpen: (row: Row) => void;
  readonly onLater: (row: Row) => void;
  readonly onRemove: (row: Row) => void;
  readonly onKeepOne: (row: Row) => void;
}

interface ListSectionsProps extends ListActions {
  readonly view: ListView;
  readonly selectedKey: string | null;
  readonly basketAction: ReactNode;
}

export function ListSections({ view, selectedKey, basketAction, ...actions }: ListSectionsProps) {
  const rowFocus = useRowFocus('[data-open]');
  const rows = (some: readonly Row[]) =>
    some.map((row) => (
      <ListRow
        key={row.key}
        row={row}
        selected={row.key === selectedKey}
        onTick={() => actions.onTick(row)}
        onOpen={() => actions.onOpen(row)}
        onLater={() => actions.onLater(row)}
        onRemove={() => actions.onRemove(row)}
        onKeepOne={() => actions.onKeepOne(row)}
      />
    ));
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside
    <div className={css['sections']} {...rowFocus} onKeyDown={onListKey}>
      {view.sections.map((section) => (
        <Section
          key={section.aisleId ?? 'other'}
          name={section.name === '' ? wordsForList.other : section.name}
          hue={section.hue}
        >
          {rows(section.rows)}
        </Section>
      ))}
      {view.later.length === 0 ? null : (
        <Section name={wordsForList.later} count={view.later.length}>
          {rows(view.later)}
        </Section>
      )}
      {view.basket.length === 0 ? null : (
        <Section name={wordsForList.basket} count={view.basket.length} action={basketAction}>
          {rows(view.basket)}
        </Section>
      )}
    </div>
  );
}

interface SectionProps {
  readonly name: string;
  readonly hue?: number | null;
  readonly count?: number;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

function Section({ name, hue = null, count, action, children }: SectionProps) {
  return (
    <section className={css['section']} aria-label={name}>
      <header className={css['head']}>
        {hue === null ? null : (
          <span className={css['dot']} style={hueStyle(hue)} aria-hidden="true" />
        )}
        <h2 className={css['name']}>{name}</h2>
        {count === undefined ? null : <span className={css['count']}>{count}</span>}
        {action ? <span className={css['action']}>{action}</span> : null}
      </header>
      <ul className={css['rows']}>{children}</ul>
    </section>
  );
}

const BUTTON_BY_KEY: ReadonlyMap<string, string> = new Map([
  ['x', 'input[type="checkbox"]'],
  ['e', '[data-open]'],
  ['l', '[data-later]'],
  ['Delete', '[data-remove]'],
]);

const MOVE_BY_KEY: ReadonlyMap<string, number> = new Map([
  ['ArrowDown', 1],
  ['j', 1],
  ['ArrowUp', -1],
  ['k', -1],
]);

function onListKey(event: KeyboardEvent<HTMLDivElement>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
  if (row === null) return;
  const selector = BUTTON_BY_KEY.get(event.key);
  const step = MOVE_BY_KEY.get(event.key);
  if (selector !== undefined) {
    event.preventDefault();
    row.querySelector<HTMLElement>(selector)?.click();
  } else if (step !== undefined) {
    event.preventDefault();
    const all = rowsIn(event.currentTarget);
    all[all.indexOf(row) + step]?.querySelector<HTMLElement>('[data-open]')?.focus();
  }
}

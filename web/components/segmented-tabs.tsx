/**
 * A few exclusive choices side by side: shops above the list, Ingredients and Steps of a recipe. It is a
 * group of radio buttons in what it does, so arrow keys move in it and one Tab leaves it.
 */
import { type ReactNode, useId } from 'react';

import { cx } from './cx.ts';
import css from './segmented-tabs.module.css';

export interface SegmentedTabsProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly {
    readonly value: V;
    readonly label: string;
    readonly count?: number;
    readonly icon?: ReactNode;
  }[];
  readonly onChange: (value: V) => void;
  readonly wide?: boolean;
}

export function SegmentedTabs<V extends string>(props: SegmentedTabsProps<V>) {
  const { label, value, options, onChange, wide = false } = props;
  const name = useId();
  return (
    <fieldset className={cx(css['tabs'], wide && css['wide'])} role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <label key={option.value} className={css['tab']}>
          <input
            type="radio"
            className={css['input']}
            name={name}
            value={option.value}
            checked={option.value === value}
            aria-label={option.label}
            onChange={() => onChange(option.value)}
          />
          <span className={css['face']}>
            {option.icon}
            <span>{option.label}</span>
            {option.count === undefined ? null : (
              <span className={css['count']}>{option.count}</span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

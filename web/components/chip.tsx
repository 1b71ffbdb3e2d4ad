/**
 * A small rounded fact: a tag, an amount that was understood, a filter that is on or off. With `onPress`
 * it is a toggle button, with `onRemove` it carries its own ✕. A hue is always beside a name.
 */
import { X } from 'lucide-react';
import type { ReactNode } from 'react';

import css from './chip.module.css';
import { cx } from './cx.ts';
import { hueStyle } from './hue.ts';

export interface ChipProps {
  readonly children: ReactNode;
  readonly hue?: number;
  readonly selected?: boolean;
  readonly tone?: 'plain' | 'understood';
  readonly onPress?: () => void;
  readonly remove?: { readonly label: string; readonly onPress: () => void };
}

export function Chip({ children, hue, selected, tone = 'plain', onPress, remove }: ChipProps) {
  const dot =
    hue === undefined ? null : (
      <span className={css['dot']} style={hueStyle(hue)} aria-hidden="true" />
    );
  const className = cx(
    css['chip'],
    selected && css['selected'],
    tone === 'understood' && css['understood'],
  );
  if (onPress) {
    return (
      <button
        type="button"
        className={cx(className, css['pressable'])}
        aria-pressed={selected ?? false}
        onClick={onPress}
      >
        {dot}
        {children}
      </button>
    );
  }
  return (
    <span className={className}>
      {dot}
      {children}
      {remove ? (
        <button
          type="button"
          className={css['remove']}
          aria-label={remove.label}
          onClick={remove.onPress}
        >
          <X size={14} aria-hidden="true" />
        </button>
      ) : null}
    </span>
  );
}

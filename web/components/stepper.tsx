/** A small number, changed by one press at a time or typed: servings, amounts. Arrow keys work in it. */
import { Minus, Plus } from 'lucide-react';

import { wordsForFrame } from '../text/frame.ts';
import { IconButton } from './button.tsx';
import css from './stepper.module.css';

export interface StepperProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
  /** How the number reads: "6 servings". Defaults to the number. */
  readonly text?: string;
}

export function Stepper({ label, value, min, max, onChange, text }: StepperProps) {
  const step = (by: number) => onChange(Math.min(max, Math.max(min, value + by)));
  return (
    <fieldset className={css['stepper']} aria-label={label}>
      <IconButton
        label={wordsForFrame.less(label)}
        icon={<Minus size={18} />}
        disabled={value <= min}
        onClick={() => step(-1)}
      />
      <span
        className={css['value']}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- reads "6 servings", which no input shows
        role="spinbutton"
        tabIndex={0}
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={min}
        aria-valuemax={max}
        aria-valuetext={text}
        onKeyDown={(event) => {
          const by = STEP_BY_KEY.get(event.key);
          if (by === undefined) return;
          event.preventDefault();
          step(by);
        }}
      >
        {text ?? value}
      </span>
      <IconButton
        label={wordsForFrame.more(label)}
        icon={<Plus size={18} />}
        disabled={value >= max}
        onClick={() => step(1)}
      />
    </fieldset>
  );
}

const STEP_BY_KEY: ReadonlyMap<string, number> = new Map([
  ['ArrowUp', 1],
  ['ArrowRight', 1],
  ['+', 1],
  ['ArrowDown', -1],
  ['ArrowLeft', -1],
  ['-', -1],
]);

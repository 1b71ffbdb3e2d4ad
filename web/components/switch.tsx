/** On or off, taking effect at once; the label is part of what is pressed. */
import { type ReactNode, useId } from 'react';

import css from './switch.module.css';

export interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly hint?: ReactNode;
}

export function Switch({ label, checked, onChange, hint }: SwitchProps) {
  const id = useId();
  return (
    <label className={css['row']} htmlFor={id}>
      <span className={css['words']}>
        <span>{label}</span>
        {hint ? <span className={css['hint']}>{hint}</span> : null}
      </span>
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-label={label}
        className={css['input']}
        checked={checked}
        aria-checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className={css['track']} aria-hidden="true" />
    </label>
  );
}

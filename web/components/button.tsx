/**
 * Button and IconButton: the only two ways to press something that is not a row or a link. A button says
 * verb and object. An icon alone always carries its name as `label`, which is also its tooltip.
 */
import type { ComponentProps, ReactNode } from 'react';

import css from './button.module.css';
import { cx } from './cx.ts';

export interface ButtonProps extends ComponentProps<'button'> {
  readonly tone?: 'primary' | 'plain' | 'quiet' | 'danger';
  /** Stands before the words; 18 px. */
  readonly icon?: ReactNode;
  readonly wide?: boolean;
}

export function Button({
  tone = 'plain',
  icon,
  wide = false,
  className,
  children,
  type = 'button',
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(css['button'], css[tone], wide && css['wide'], className)}
      {...rest}
    >
      {icon}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly label: string;
  readonly icon: ReactNode;
  readonly tone?: 'quiet' | 'primary' | 'danger';
}

export function IconButton({
  label,
  icon,
  tone = 'quiet',
  className,
  type = 'button',
  ...rest
}: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(css['icon'], css[tone], className)}
      {...rest}
    >
      {icon}
    </button>
  );
}

/**
 * A labelled line or area of text. The label is always seen; a reason for refusal stands beside the field
 * in words and is announced; what was typed is never taken away.
 */
import { type ComponentProps, type ReactNode, type Ref, useId } from 'react';

import { cx } from './cx.ts';
import css from './text-field.module.css';

interface FieldParts {
  readonly label: string;
  /** Keeps the label for screen readers only, where the place says it already. */
  readonly labelHidden?: boolean;
  readonly hint?: ReactNode;
  readonly error?: string | null;
  readonly onValue: (value: string) => void;
  readonly value: string;
}

interface FrameProps extends Pick<FieldParts, 'label' | 'labelHidden' | 'hint' | 'error'> {
  readonly id: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

function FieldFrame({ id, label, labelHidden, hint, error, className, children }: FrameProps) {
  return (
    <div className={cx(css['field'], className)}>
      <label htmlFor={id} className={labelHidden ? 'spoken' : css['label']}>
        {label}
      </label>
      {children}
      {hint && !error ? (
        <p id={`${id}-hint`} className={css['hint']}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} className={css['error']} role="alert">
          {error}
        </p>
      ) : null}
    </div>
  );
}

function describedBy(id: string, parts: Pick<FieldParts, 'hint' | 'error'>): string | undefined {
  if (parts.error) return `${id}-error`;
  return parts.hint ? `${id}-hint` : undefined;
}

export interface TextFieldProps
  extends FieldParts, Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'ref'> {
  readonly inputRef?: Ref<HTMLInputElement>;
}

export function TextField(props: TextFieldProps) {
  const { label, labelHidden, hint, error, onValue, value, inputRef, className, ...rest } = props;
  const ownId = useId();
  const id = rest.id ?? ownId;
  return (
    <FieldFrame
      {...{ id, label, hint, className }}
      {...(labelHidden ? { labelHidden } : {})}
      error={error ?? null}
    >
      <input
        type="text"
        {...rest}
        ref={inputRef}
        id={id}
        className={css['input']}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { hint, error: error ?? null })}
        onChange={(event) => onValue(event.target.value)}
      />
    </FieldFrame>
  );
}

export interface TextAreaProps
  extends FieldParts, Omit<ComponentProps<'textarea'>, 'value' | 'onChange' | 'ref'> {
  readonly inputRef?: Ref<HTMLTextAreaElement>;
}

/** Grows with its text. */
export function TextArea(props: TextAreaProps) {
  const { label, labelHidden, hint, error, onValue, value, inputRef, className, ...rest } = props;
  const ownId = useId();
  const id = rest.id ?? ownId;
  return (
    <FieldFrame
      {...{ id, label, hint, className }}
      {...(labelHidden ? { labelHidden } : {})}
      error={error ?? null}
    >
      <textarea
        rows={3}
        {...rest}
        ref={inputRef}
        id={id}
        className={cx(css['input'], css['area'])}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { hint, error: error ?? null })}
        onChange={(event) => onValue(event.target.value)}
      />
    </FieldFrame>
  );
}

export interface SelectFieldProps
  extends Omit<FieldParts, 'hint'>, Omit<ComponentProps<'select'>, 'value' | 'onChange'> {
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

export function SelectField(props: SelectFieldProps) {
  const { label, labelHidden, error, onValue, value, options, className, ...rest } = props;
  const id = useId();
  return (
    <FieldFrame
      {...{ id, label, className }}
      {...(labelHidden ? { labelHidden } : {})}
      error={error ?? null}
    >
      <select
        {...rest}
        id={id}
        className={cx(css['input'], css['select'])}
        value={value}
        onChange={(event) => onValue(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

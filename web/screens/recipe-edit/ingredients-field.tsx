/**
 * Ingredients as lines of text, and below them what was read from each: amount and unit as a chip, the rest
 * as words, sections as headings. The text is the truth; the chips only show how it was understood.
 */
import { useDeferredValue, useMemo } from 'react';

import { formatAmount } from '../../../shared/domain/format-amount.ts';
import { readIngredientLine } from '../../../shared/domain/ingredient-line.ts';
import { Chip } from '../../components/chip.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { recipeEditText as text } from '../../text/recipes.ts';
import css from './recipe-edit-screen.module.css';
import { textToLines } from './recipe-form.ts';

export interface IngredientsFieldProps {
  readonly value: string;
  /** Stored lines that are no headings, though they end with a colon. */
  readonly linesWithColon: ReadonlySet<string>;
  readonly error: string | null;
  readonly onValue: (value: string) => void;
}

export function IngredientsField(props: IngredientsFieldProps) {
  const { value, linesWithColon, error, onValue } = props;
  return (
    <div className={css['ingredients']}>
      <TextArea
        label={text.ingredients}
        hint={text.ingredientsHint}
        placeholder={text.ingredientsPlaceholder}
        rows={8}
        value={value}
        error={error}
        onValue={onValue}
      />
      <ReadLines text={value} linesWithColon={linesWithColon} />
    </div>
  );
}

function ReadLines(props: { readonly text: string; readonly linesWithColon: ReadonlySet<string> }) {
  const { text: typed, linesWithColon } = props;
  const deferred = useDeferredValue(typed);
  const lines = useMemo(
    () =>
      textToLines(deferred, linesWithColon).map((line) => ({
        ...line,
        read: readIngredientLine(line.wording),
      })),
    [deferred, linesWithColon],
  );
  if (lines.length === 0) return null;
  return (
    <section aria-label={text.readAs} className={css['read']}>
      <h2>{text.readAs}</h2>
      <ul>
        {lines.map((line, index) => {
          const amount = formatAmount(line.read.quantityMilli, line.read.unit);
          const isFirst = index === 0 || lines[index - 1]?.section !== line.section;
          return (
            <li key={index}>
              {isFirst && line.section !== null ? (
                <p className={css['readSection']}>{line.section}</p>
              ) : null}
              <span className={css['readLine']}>
                {amount === '' ? (
                  <span className={css['noAmount']}>
                    <span aria-hidden="true">–</span>
                    <span className="spoken">{text.noAmount}</span>
                  </span>
                ) : (
                  <Chip tone="understood">{amount}</Chip>
                )}
                <span>
                  {line.read.rest}
                  {line.optional && !/optional/iu.test(line.read.rest) ? ` (${text.optional})` : ''}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/**
 * What both sides made of each field: before, this device, theirs, and the result. Each cell in question is a
 * radio button; a settled field is shown for what it became. On a narrow screen the columns become lines,
 * each with its own label.
 */
import { useId } from 'react';

import type { ChoiceField, ChoiceView } from '../../../shared/queries.ts';
import { cx } from '../../components/cx.ts';
import { TextArea, TextField } from '../../components/text-field.tsx';
import { wordsForChoices as text } from '../../text/choices.ts';
import {
  editorOf,
  fieldName,
  mainColumn,
  type Mix,
  resultOf,
  type Side,
  sideOf,
  typedText,
  valueText,
} from './choice-values.ts';
import css from './choice-fields.module.css';

interface ChoiceFieldsProps {
  readonly choice: ChoiceView;
  readonly mix: Mix;
  readonly onMix: (mix: Mix) => void;
}

export function ChoiceFields({ choice, mix, onMix }: ChoiceFieldsProps) {
  const heads = [text.before, text.mine, text.theirs(choice.theirsBy)];
  return (
    <table className={css['table']}>
      <thead>
        <tr>
          <th scope="col">
            <span className="spoken">{text.fieldColumn}</span>
          </th>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {choice.fields.map((field) => (
          <FieldRow key={mainColumn(field)} choice={choice} field={field} mix={mix} onMix={onMix} />
        ))}
      </tbody>
    </table>
  );
}

function FieldRow(props: ChoiceFieldsProps & { readonly field: ChoiceField }) {
  const { choice, field, mix, onMix } = props;
  const name = useId();
  const take = (side: Side) => {
    const { [mainColumn(field)]: _own, ...typed } = mix.typed;
    onMix({ sides: { ...mix.sides, [mainColumn(field)]: side }, typed });
  };
  const before = valueText(field.columns, field.before);
  const cell = (side: Side, head: string) => {
    const words = valueText(field.columns, field[side]);
    if (!field.clash) return <span>{words}</span>;
    return (
      <label className={css['pick']}>
        <input
          type="radio"
          name={name}
          checked={sideOf(mix, field) === side}
          aria-label={`${fieldName(field)}: ${head}, ${words}`}
          onChange={() => take(side)}
        />
        <span>{words}</span>
      </label>
    );
  };
  const theirsHead = text.theirs(choice.theirsBy);
  return (
    <tr className={cx(!field.clash && css['settled'])}>
      <th scope="row">
        {fieldName(field)}
        {field.clash ? null : <span className={css['hint']}>{text.settled}</span>}
      </th>
      <td data-head={text.before}>{before}</td>
      <td data-head={text.mine}>{cell('mine', text.mine)}</td>
      <td data-head={theirsHead}>{cell('theirs', theirsHead)}</td>
    </tr>
  );
}

/** The result of each field in question, typed where it can be. */
export function ChoiceResult({ choice, mix, onMix }: ChoiceFieldsProps) {
  const asked = choice.fields.filter((field) => field.clash && editorOf(field) !== null);
  if (asked.length === 0) return null;
  return (
    <section className={css['result']} aria-label={text.result} aria-live="polite">
      {asked.map((field) => (
        <ResultField
          key={mainColumn(field)}
          choice={choice}
          field={field}
          mix={mix}
          onMix={onMix}
        />
      ))}
    </section>
  );
}

function ResultField({ field, mix, onMix }: ChoiceFieldsProps & { readonly field: ChoiceField }) {
  const main = mainColumn(field);
  const editor = editorOf(field);
  const shown = mix.typed[main] ?? typedText(field, field[sideOf(mix, field)]);
  const parts = {
    label: text.editResult(fieldName(field)),
    value: shown,
    error: resultOf(mix, field) === null ? text.resultBad : null,
    onValue: (value: string) => onMix({ ...mix, typed: { ...mix.typed, [main]: value } }),
  };
  return editor === 'text' ? (
    <TextArea {...parts} rows={2} />
  ) : (
    <TextField {...parts} autoComplete="off" />
  );
}

/** The fields of the recipe form in reading order, each with its own reason when it cannot be saved. */
import { TextArea, TextField as Field } from '../../components/text-field.tsx';
import { recipeEditText as text } from '../../text/recipes.ts';
import { IngredientsField } from './ingredients-field.tsx';
import css from './recipe-edit-screen.module.css';
import {
  type FormProblem,
  type FormProblems,
  lengthMax,
  type RecipeForm,
  type TextField,
} from './recipe-form.ts';
import { StepsField } from './steps-field.tsx';
import { TagsField } from './tags-field.tsx';

const fieldLengthMax = {
  title: lengthMax.title,
  summary: lengthMax.summary,
  notes: lengthMax.notes,
  sourceName: lengthMax.sourceName,
  sourceUrl: lengthMax.sourceUrl,
  ingredients: lengthMax.ingredient,
  steps: lengthMax.step,
  tags: lengthMax.tag,
  servings: 2,
  prepMinutes: 4,
  cookMinutes: 4,
} as const;

const problemWords = (
  field: keyof FormProblems,
  problem: FormProblem | undefined,
): string | null => {
  if (problem === undefined) return null;
  const words: Readonly<Record<FormProblem, string>> = {
    'title-missing': text.titleMissing,
    'servings-bad': text.servingsBad,
    'minutes-bad': text.minutesBad,
    'source-bad': text.sourceBad,
    'too-long': text.tooLong(fieldLengthMax[field]),
  };
  return words[problem];
};

export interface FormFieldsProps {
  readonly form: RecipeForm;
  readonly problems: FormProblems;
  readonly isNew: boolean;
  readonly linesWithColon: ReadonlySet<string>;
  readonly onForm: (form: RecipeForm) => void;
}

export function FormFields(props: FormFieldsProps) {
  const { form, problems, isNew, linesWithColon, onForm } = props;
  const bind = (field: TextField) => ({
    value: form[field],
    error: problemWords(field, problems[field]),
    onValue: (value: string) => onForm({ ...form, [field]: value }),
  });
  return (
    <>
      <Field
        label={text.title}
        className={css['title'] ?? ''}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- a new recipe begins with its title
        autoFocus={isNew}
        autoComplete="off"
        {...bind('title')}
      />
      <TextArea label={text.summary} rows={2} {...bind('summary')} />
      <div className={css['numbers']}>
        <Field label={text.servings} inputMode="numeric" {...bind('servings')} />
        <Field label={text.prepMinutes} inputMode="numeric" {...bind('prepMinutes')} />
        <Field label={text.cookMinutes} inputMode="numeric" {...bind('cookMinutes')} />
      </div>
      <IngredientsField linesWithColon={linesWithColon} {...bind('ingredients')} />
      <StepsField
        steps={form.steps}
        error={problemWords('steps', problems.steps)}
        onSteps={(steps) => onForm({ ...form, steps })}
      />
      <TextArea label={text.notes} rows={4} {...bind('notes')} />
      <TagsField
        tags={form.tags}
        tag={form.tag}
        error={problemWords('tags', problems.tags)}
        onTags={(changed) => onForm({ ...form, ...changed })}
      />
      <div className={css['source']}>
        <Field label={text.sourceName} autoComplete="off" {...bind('sourceName')} />
        <Field label={text.sourceUrl} type="url" inputMode="url" {...bind('sourceUrl')} />
      </div>
    </>
  );
}

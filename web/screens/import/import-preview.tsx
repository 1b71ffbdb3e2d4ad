/**
 * The table that stands between reading and writing: each recipe with what it becomes and what could not be
 * understood, a box to leave it out, and the one button that imports what is ticked as a single act. A
 * refusal leaves the table as it is.
 */
import { ImageOff, TriangleAlert } from 'lucide-react';
import { useMemo, useState } from 'react';

import type { ImportProblem } from '../../../shared/domain/recipe-node.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Tick } from '../../components/tick.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { importText as text } from '../../text/import.ts';
import css from './import-screen.module.css';
import { looseProblems, type PreviewRow, previewRows } from './preview-rows.ts';
import type { ImportPlan } from './read-import.ts';

export interface ImportPreviewProps {
  readonly plan: ImportPlan;
  readonly onStartOver: () => void;
  readonly onDone: (count: number) => void;
  readonly onLink: (link: string) => void;
}

export function ImportPreview(props: ImportPreviewProps) {
  const { plan, onStartOver, onLink } = props;
  const loose = looseProblems(plan.recipes, plan.problems);
  if (plan.recipes.length > 0) return <PreviewTable {...props} loose={loose} />;
  const link = loose.find((problem) => problem.what === 'only-a-link');
  if (link !== undefined) {
    return (
      <EmptyState
        title={text.linkTitle}
        actions={
          <>
            <Button tone="primary" onClick={() => onLink(link.text)}>
              {text.linkDraft}
            </Button>
            <Button onClick={onStartOver}>{text.startOver}</Button>
          </>
        }
      >
        {text.linkNeedsSource}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={text.nothingFound}
      actions={<Button onClick={onStartOver}>{text.startOver}</Button>}
    >
      {nothingFoundWords(loose)}
    </EmptyState>
  );
}

function nothingFoundWords(loose: readonly ImportProblem[]): string {
  const whats = new Set(loose.map((problem) => problem.what));
  if (whats.has('too-large')) return text.tooLarge;
  return whats.has('unreadable') ? text.unreadable : text.nothingFoundBody;
}

function PreviewTable(props: ImportPreviewProps & { readonly loose: readonly ImportProblem[] }) {
  const { plan, loose, onStartOver, onDone } = props;
  const perform = usePerform();
  const stored = useQuery('recipes', { search: '', tagId: null });
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const [importing, setImporting] = useState(false);
  const rows = useMemo(
    () =>
      previewRows(
        plan.recipes,
        plan.photos,
        plan.problems,
        (stored ?? []).map((recipe) => recipe.title),
      ),
    [plan, stored],
  );
  const taken = rows.filter((row) => !left.has(row.index));
  const same = taken.filter((row) => row.sameTitle !== 'no');
  const leaveOut = (indexes: readonly number[]) => setLeft(new Set([...left, ...indexes]));
  const take = (index: number, on: boolean) => {
    if (!on) {
      leaveOut([index]);
      return;
    }
    setLeft(new Set([...left].filter((other) => other !== index)));
  };
  const run = async () => {
    setImporting(true);
    const recipes = plan.recipes.filter((_, index) => !left.has(index));
    const result = await perform('import.apply', { recipes });
    setImporting(false);
    if (result.ok) onDone(recipes.length);
  };

  return (
    <div className={css['preview']}>
      <h2 className={css['previewTitle']}>{text.previewTitle(rows.length)}</h2>
      <LooseProblems loose={loose} unusedPhotos={plan.unusedPhotos} />
      <div className={css['choices']}>
        <label className={css['all']}>
          <Tick
            label={text.takeAll}
            checked={left.size === 0}
            onChange={(on) => setLeft(new Set(on ? [] : rows.map((row) => row.index)))}
          />
          {text.takeAll}
        </label>
        {same.length === 0 ? null : (
          <Button tone="quiet" onClick={() => leaveOut(same.map((row) => row.index))}>
            {text.skipSame(same.length)}
          </Button>
        )}
      </div>
      <table className={css['table']} aria-label={text.tableLabel}>
        <thead>
          <tr>
            <th scope="col">
              <span className="spoken">{text.columnTake}</span>
            </th>
            <th scope="col">{text.columnRecipe}</th>
            <th scope="col">{text.columnBecomes}</th>
            <th scope="col">{text.columnNotes}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <RecipeRow
              key={row.index}
              row={row}
              taken={!left.has(row.index)}
              onTake={(on) => take(row.index, on)}
            />
          ))}
        </tbody>
      </table>
      <div className={css['bar']}>
        <p className={css['quiet']}>{text.allOrNothing}</p>
        <Button disabled={importing} onClick={onStartOver}>
          {text.startOver}
        </Button>
        <Button
          tone="primary"
          disabled={importing || taken.length === 0}
          onClick={() => void run()}
        >
          {importing ? text.importing(taken.length) : text.import(taken.length)}
        </Button>
      </div>
    </div>
  );
}

function LooseProblems(props: {
  readonly loose: readonly ImportProblem[];
  readonly unusedPhotos: number;
}) {
  const { loose, unusedPhotos } = props;
  if (loose.length === 0 && unusedPhotos === 0) return null;
  return (
    <div className={css['loose']}>
      {loose.length === 0 ? null : (
        <details>
          <summary>{text.refusedRows(loose.length)}</summary>
          <ul>
            {loose.map((problem, index) => (
              <li key={index}>
                {text.problems[problem.what]}: {problem.text}
              </li>
            ))}
          </ul>
        </details>
      )}
      {unusedPhotos === 0 ? null : <p>{text.unusedPhotos(unusedPhotos)}</p>}
    </div>
  );
}

function RecipeRow(props: {
  readonly row: PreviewRow;
  readonly taken: boolean;
  readonly onTake: (on: boolean) => void;
}) {
  const { row, taken, onTake } = props;
  const becomes = [
    text.ingredients(row.ingredients),
    text.steps(row.steps),
    row.tags === 0 ? null : text.tags(row.tags),
    row.photo === 'found' ? text.photo : null,
  ].filter((part) => part !== null);
  return (
    <tr data-left={!taken}>
      <td>
        <Tick label={text.take(row.title)} checked={taken} onChange={onTake} />
      </td>
      <th scope="row">
        <span className={css['recipeTitle']}>{row.title}</span>
        {row.sameTitle === 'no' ? null : (
          <span className={css['same']}>
            <TriangleAlert size={14} aria-hidden="true" />
            {row.sameTitle === 'kitchen' ? text.sameTitle : text.sameTitleHere}
          </span>
        )}
      </th>
      <td className={css['becomes']}>{becomes.join(' · ')}</td>
      <td className={css['notes']}>
        <RowProblems row={row} />
      </td>
    </tr>
  );
}

function RowProblems({ row }: { readonly row: PreviewRow }) {
  const photo =
    row.photo === 'missing' || row.photo === 'unreadable' ? (
      <p className={css['photoProblem']}>
        <ImageOff size={14} aria-hidden="true" />
        {row.photo === 'missing' ? text.photoMissing : text.photoUnreadable}
      </p>
    ) : null;
  if (row.problems.length === 0) {
    return photo ?? <span className={css['fine']}>{text.nothingLost}</span>;
  }
  return (
    <>
      <details>
        <summary>{text.notUnderstood(row.problems.length)}</summary>
        <ul>
          {row.problems.map((problem, index) => (
            <li key={index}>
              <span>{text.problems[problem.what]}</span>
              {problem.text === '' ? null : <q>{problem.text}</q>}
            </li>
          ))}
        </ul>
      </details>
      {photo}
    </>
  );
}

/**
 * The ingredients by section, with a box before each so that a cook can tick what is on the table. Ticks
 * belong to this visit and are not kept. Amounts are those of the servings on screen.
 */
import { useState } from 'react';

import { Tick } from '../../components/tick.tsx';
import { recipeText as text } from '../../text/recipes.ts';
import css from './ingredient-list.module.css';
import { lineText, type ScaledLine, type ScaledSection } from './recipe-text.ts';

export function IngredientList({ sections }: { readonly sections: readonly ScaledSection[] }) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const tick = (id: string, on: boolean) => {
    const next = new Set(ticked);
    if (on) next.add(id);
    else next.delete(id);
    setTicked(next);
  };
  if (sections.length === 0) return <p className={css['none']}>{text.noIngredients}</p>;
  return (
    <div className={css['sections']}>
      {sections.map((section, index) => (
        <div key={`${String(index)} ${section.name ?? ''}`}>
          {section.name === null ? null : <h3 className={css['section']}>{section.name}</h3>}
          <ul>
            {section.lines.map((line) => (
              <IngredientRow
                key={line.id}
                line={line}
                ticked={ticked.has(line.id)}
                onTick={(on) => tick(line.id, on)}
              />
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

function IngredientRow(props: {
  readonly line: ScaledLine;
  readonly ticked: boolean;
  readonly onTick: (on: boolean) => void;
}) {
  const { line, ticked, onTick } = props;
  return (
    <li>
      <label className={css['row']} data-ticked={ticked} title={text.asWritten(line.wording)}>
        <Tick label={lineText(line)} checked={ticked} onChange={onTick} />
        <span className={css['words']}>
          {line.amount === '' ? null : <strong className={css['amount']}>{line.amount} </strong>}
          {line.words}
          {line.optional && !/optional/iu.test(line.words) ? (
            <span className={css['optional']}> ({text.optional})</span>
          ) : null}
        </span>
      </label>
    </li>
  );
}

/**
 * The method as numbered fields that can be added, removed and moved by buttons. Pasting several lines into
 * an empty step makes several steps.
 */
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { type ClipboardEvent, useEffect, useId, useRef, useState } from 'react';

import { Button, IconButton } from '../../components/button.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { newId } from '../../ids.ts';
import { recipeEditText as text } from '../../text/recipes.ts';
import css from './recipe-edit-screen.module.css';
import type { StepField } from './recipe-form.ts';
import { moveRow, splitSteps } from './step-rows.ts';

const newStep = (wording: string): StepField => ({
  key: newId(),
  id: null,
  wording,
  timerSeconds: null,
});

export interface StepsFieldProps {
  readonly steps: readonly StepField[];
  readonly error: string | null;
  readonly onSteps: (steps: readonly StepField[]) => void;
}

export function StepsField({ steps, error, onSteps }: StepsFieldProps) {
  /** The step that was just added gets the focus when it appears. */
  const [added, setAdded] = useState<string | null>(null);

  /** A row that moves takes its buttons along: the focus follows the one that was pressed. */
  const listId = useId();
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (moved.current !== null) document.getElementById(moved.current)?.focus();
    moved.current = null;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs when the rows have moved
  }, [steps]);

  const write = (key: string, wording: string) =>
    onSteps(steps.map((step) => (step.key === key ? { ...step, wording } : step)));
  const move = (index: number, by: -1 | 1) => {
    const step = steps[index];
    if (step === undefined || steps[index + by] === undefined) return;
    moved.current = `${listId}${step.key}${String(by)}`;
    onSteps(moveRow(steps, index, by));
  };
  const add = () => {
    const step = newStep('');
    setAdded(step.key);
    onSteps([...steps, step]);
  };
  const paste = (event: ClipboardEvent, index: number) => {
    const parts = splitSteps(event.clipboardData.getData('text/plain'));
    if (parts.length < 2 || steps[index]?.wording !== '') return;
    event.preventDefault();
    onSteps(steps.toSpliced(index, 1, ...parts.map(newStep)));
  };

  return (
    <fieldset className={css['steps']}>
      <legend>{text.steps}</legend>
      <ol>
        {steps.map((step, index) => (
          <li key={step.key} className={css['step']}>
            <span className={css['stepNumber']} aria-hidden="true">
              {index + 1}
            </span>
            <TextArea
              label={text.step(index + 1)}
              labelHidden
              rows={1}
              // oxlint-disable-next-line jsx-a11y/no-autofocus -- only on the step that was just asked for
              autoFocus={step.key === added}
              value={step.wording}
              onPaste={(event) => paste(event, index)}
              onValue={(wording) => write(step.key, wording)}
            />
            <span className={css['stepButtons']}>
              <IconButton
                id={`${listId}${step.key}-1`}
                label={text.stepUp(index + 1)}
                icon={<ArrowUp size={18} />}
                aria-disabled={index === 0}
                onClick={() => move(index, -1)}
              />
              <IconButton
                id={`${listId}${step.key}1`}
                label={text.stepDown(index + 1)}
                icon={<ArrowDown size={18} />}
                aria-disabled={index === steps.length - 1}
                onClick={() => move(index, 1)}
              />
              <IconButton
                label={text.removeStep(index + 1)}
                icon={<X size={18} />}
                onClick={() => onSteps(steps.toSpliced(index, 1))}
              />
            </span>
          </li>
        ))}
      </ol>
      {error === null ? null : (
        <p className={css['error']} role="alert">
          {error}
        </p>
      )}
      <Button tone="quiet" icon={<Plus size={18} aria-hidden="true" />} onClick={add}>
        {text.addStep}
      </Button>
    </fieldset>
  );
}

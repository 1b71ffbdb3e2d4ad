/** Choices as screens need them: all of them, those of one subject, and answering with a word about it. */
import type { ChoiceAnswer } from '../../../shared/acts/acts.ts';
import type { ChoiceView } from '../../../shared/queries.ts';
import { usePerform, useQuery } from '../../kitchen.tsx';

export function useChoiceOf(ids: readonly string[]): ChoiceView | null {
  const choices = useQuery('choices', {}) ?? [];
  return choices.find(({ subjectId }) => ids.includes(subjectId)) ?? null;
}

export function useAnswer(): (choiceId: number, answer: ChoiceAnswer) => Promise<boolean> {
  const perform = usePerform();
  return async (choiceId, answer) => {
    const result = await perform('choice.answer', { choiceId, answer });
    return result.ok;
  };
}

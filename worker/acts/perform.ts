/**
 * The one door for changes: an act by name, inside a transaction that the caller began and rolls back when
 * this answers with a refusal. The act, its images and its entry in the timeline are written together or
 * not at all; the same act id again changes nothing and gives the stored answer.
 */
import type { ActArgs, ActName, Performed, Refusal, Sentence } from '../../shared/acts/acts.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Sql } from '../engine/ports.ts';
import { choiceAnswer, choiceAnswerAll } from './answer.ts';
import { importApply } from './import.ts';
import {
  listAdd,
  listAddRecipe,
  listEdit,
  listKeepOne,
  listLater,
  listMove,
  listRemove,
  listTick,
  listUntick,
} from './list.ts';
import { pantryAdd, pantryEdit, pantryGone } from './pantry.ts';
import {
  planAdd,
  planAddText,
  planCook,
  planEdit,
  planMove,
  planRemove,
  planServings,
  planSwap,
  planUncook,
} from './plan.ts';
import {
  recipeCreate,
  recipeEdit,
  recipeErase,
  recipePhoto,
  recipeRestore,
  recipeSet,
  recipeTrash,
  recipeUnphoto,
} from './recipe.ts';
import { samplesAdd, samplesRemove } from './samples.ts';
import { productEdit, storeAdd, storeErase } from './store.ts';
import { closeAct, findPerformed, openAct } from './timeline.ts';
import { tripFinish, tripReopen } from './trip.ts';
import { redoAct, undoAct } from './undo.ts';
import { versionRestore } from './versions.ts';
import { createWork, type ActContext, type Work } from './work.ts';

export type { ActContext } from './work.ts';

type Acts = { readonly [A in ActName]: (work: Work, args: ActArgs[A]) => Sentence };

const acts: Acts = {
  'list.add': listAdd,
  'list.addRecipe': listAddRecipe,
  'list.edit': listEdit,
  'list.tick': listTick,
  'list.untick': listUntick,
  'list.move': listMove,
  'list.later': listLater,
  'list.remove': listRemove,
  'list.keepOne': listKeepOne,
  'trip.finish': tripFinish,
  'trip.reopen': tripReopen,
  'plan.add': planAdd,
  'plan.addText': planAddText,
  'plan.edit': planEdit,
  'plan.move': planMove,
  'plan.swap': planSwap,
  'plan.servings': planServings,
  'plan.remove': planRemove,
  'plan.cook': planCook,
  'plan.uncook': planUncook,
  'recipe.create': recipeCreate,
  'recipe.edit': recipeEdit,
  'recipe.set': recipeSet,
  'recipe.photo': recipePhoto,
  'recipe.unphoto': recipeUnphoto,
  'recipe.trash': recipeTrash,
  'recipe.restore': recipeRestore,
  'recipe.erase': recipeErase,
  'pantry.add': pantryAdd,
  'pantry.edit': pantryEdit,
  'pantry.gone': pantryGone,
  'store.add': storeAdd,
  'store.erase': storeErase,
  'product.edit': productEdit,
  'import.apply': importApply,
  'samples.add': samplesAdd,
  'samples.remove': samplesRemove,
  'choice.answer': choiceAnswer,
  'choice.answerAll': choiceAnswerAll,
  'version.restore': versionRestore,
  'act.undo': undoAct,
  'act.redo': redoAct,
};

/**
 * Performs one act. On an error nothing may be committed: whoever began the transaction rolls it back.
 */
export function performAct<A extends ActName>(
  sql: Sql,
  act: A,
  args: ActArgs[A],
  context: ActContext,
): Result<Performed, Refusal> {
  const known = findPerformed(sql, context.actId);
  if (known !== null) return ok(known);
  openAct(sql, context.actId);
  const work = createWork(sql, context);
  const sentence = acts[act](work, args);
  const refusal = work.refusal();
  if (refusal !== null) return err(refusal);
  return ok(closeAct(sql, act, sentence, context));
}

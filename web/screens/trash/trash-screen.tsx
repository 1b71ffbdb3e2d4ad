/**
 * The Trash (`app.md` §5.10): the household's recipes with the days they have left. Restore is one press;
 * deleting for good counts first and asks once. "Removed on this device" comes with the timeline screens.
 */
import { ArchiveRestore, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';

import type { RecipeCard } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Photo } from '../../components/photo.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { Tick } from '../../components/tick.tsx';
import { View } from '../../components/view.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { trashText as text } from '../../text/recipes.ts';
import { trashDaysLeft } from './trash-days.ts';
import css from './trash-screen.module.css';

export function TrashScreen() {
  const recipes = useQuery('trash', {});
  return (
    <View title={text.title}>
      {recipes === undefined ? <Skeleton count={4} /> : null}
      {recipes?.length === 0 ? (
        <EmptyState icon={<Trash2 size={32} aria-hidden="true" />} title={text.empty}>
          {text.emptyBody}
        </EmptyState>
      ) : null}
      {recipes === undefined || recipes.length === 0 ? null : <TrashedRecipes recipes={recipes} />}
    </View>
  );
}

function TrashedRecipes({ recipes }: { readonly recipes: readonly RecipeCard[] }) {
  const perform = usePerform();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const [nowMs] = useState(() => Date.now());
  // A recipe that somebody restored meanwhile is no longer part of what is chosen.
  const chosen = recipes.filter((recipe) => selected.has(recipe.id)).map((recipe) => recipe.id);
  const choose = (id: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
  };
  const restore = (ids: readonly string[]) => void perform('recipe.restore', { ids });
  const erase = async () => {
    const result = await perform('recipe.erase', { ids: chosen });
    if (result.ok) setAsking(false);
  };
  return (
    <>
      <p className={css['intro']}>{text.intro}</p>
      <div className={css['bar']}>
        <label className={css['all']}>
          <Tick
            label={text.selectAll}
            checked={chosen.length === recipes.length}
            onChange={(on) => setSelected(new Set(on ? recipes.map((recipe) => recipe.id) : []))}
          />
          {text.selectAll}
        </label>
        {chosen.length === 0 ? null : (
          <>
            <Button onClick={() => restore(chosen)}>{text.restoreMany(chosen.length)}</Button>
            <Button tone="danger" onClick={() => setAsking(true)}>
              {text.deleteMany(chosen.length)}
            </Button>
          </>
        )}
      </div>
      <ul className={css['list']} aria-label={text.title}>
        {recipes.map((recipe) => (
          <li key={recipe.id} className={css['row']}>
            <Tick
              label={text.select(recipe.title)}
              checked={selected.has(recipe.id)}
              onChange={(on) => choose(recipe.id, on)}
            />
            <Photo
              photoId={recipe.photoId}
              alt=""
              title={recipe.title}
              hue={recipe.hue}
              className={css['photo'] ?? ''}
            />
            <div className={css['words']}>
              <Link href={`/recipes/${recipe.id}`} className={css['title']}>
                {recipe.title}
              </Link>
              <span className={css['days']}>
                {text.daysLeft(trashDaysLeft(recipe.trashedAt ?? '', nowMs))}
              </span>
            </div>
            <Button
              tone="quiet"
              icon={<ArchiveRestore size={18} aria-hidden="true" />}
              aria-label={text.restoreOne(recipe.title)}
              onClick={() => restore([recipe.id])}
            >
              {text.restore}
            </Button>
          </li>
        ))}
      </ul>
      {asking && chosen.length > 0 ? (
        <Sheet
          open
          alert
          onClose={() => setAsking(false)}
          title={text.confirmTitle(chosen.length)}
          foot={
            <>
              <Button onClick={() => setAsking(false)}>{text.cancel}</Button>
              <Button tone="danger" onClick={() => void erase()}>
                {text.deleteMany(chosen.length)}
              </Button>
            </>
          }
        >
          <p>{text.confirmBody}</p>
          <p className={css['intro']}>{text.confirmStays}</p>
        </Sheet>
      ) : null}
    </>
  );
}

/**
 * All recipes (`app.md` §5.5): search, tags as chips, cards of 4:3. What is searched for stands in the
 * address, so that coming back from a recipe finds the same cards. It never filters by itself: the query
 * does, over the whole text of a recipe.
 */
import { BookOpen, Plus, Upload } from 'lucide-react';
import { useDeferredValue, useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';

import { Button } from '../../components/button.tsx';
import { Chip } from '../../components/chip.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { TextField } from '../../components/text-field.tsx';
import { View } from '../../components/view.tsx';
import { useQuery } from '../../kitchen.tsx';
import { recipesText as text } from '../../text/recipes.ts';
import { useLatestQuery } from '../../use-latest-query.ts';
import { RecipeTile } from './recipe-tile.tsx';
import css from './recipes-screen.module.css';

/** More chips than this bury the recipes; the rest is one press away. */
const tagsShownMax = 6;

const path = '/recipes';

interface Filter {
  readonly search: string;
  readonly tagId: string | null;
}

/** The filter as it is typed, mirrored into the address. */
function useFilter(): readonly [Filter, (filter: Filter) => void] {
  const params = new URLSearchParams(useSearch());
  const [location, go] = useLocation();
  // The sync panel opens over this view with an address of its own, which is not ours to write.
  const isHere = location === path;
  const [filter, setFilter] = useState<Filter>({
    search: params.get('q') ?? '',
    tagId: params.get('tag'),
  });
  const { search, tagId } = filter;
  useEffect(() => {
    const next = new URLSearchParams();
    if (search !== '') next.set('q', search);
    if (tagId !== null) next.set('tag', tagId);
    const query = next.toString();
    if (isHere) go(query === '' ? path : `${path}?${query}`, { replace: true });
  }, [search, tagId, isHere, go]);
  return [filter, setFilter];
}

export function RecipesScreen() {
  const [, go] = useLocation();
  const [filter, setFilter] = useFilter();
  const search = useDeferredValue(filter.search.trim());
  const recipes = useLatestQuery('recipes', { search, tagId: filter.tagId });
  const isFiltered = search !== '' || filter.tagId !== null;

  return (
    <View
      title={text.title}
      actions={
        <>
          <Button
            tone="quiet"
            icon={<Upload size={18} aria-hidden="true" />}
            onClick={() => go('/import')}
          >
            {text.import}
          </Button>
          <Button
            tone="primary"
            icon={<Plus size={18} aria-hidden="true" />}
            onClick={() => go('/recipes/new')}
          >
            {text.write}
          </Button>
        </>
      }
    >
      {recipes?.length === 0 && !isFiltered ? (
        <NoRecipes />
      ) : (
        <>
          <TextField
            type="search"
            label={text.search}
            labelHidden
            placeholder={text.searchPlaceholder}
            value={filter.search}
            enterKeyHint="search"
            onValue={(value) => setFilter({ ...filter, search: value })}
          />
          <TagChips tagId={filter.tagId} onChange={(tagId) => setFilter({ ...filter, tagId })} />
          {recipes === undefined ? (
            <Skeleton kind="cards" count={6} />
          ) : (
            <ul className={css['grid']} aria-label={text.title}>
              {recipes.map((recipe) => (
                <li key={recipe.id}>
                  <RecipeTile recipe={recipe} />
                </li>
              ))}
            </ul>
          )}
          {recipes?.length === 0 ? (
            <EmptyState
              actions={
                <Button onClick={() => setFilter({ search: '', tagId: null })}>
                  {text.showAll}
                </Button>
              }
            >
              {search === '' ? text.nothingTagged : text.nothingCalled(search)}
            </EmptyState>
          ) : null}
          <output className="spoken">
            {recipes === undefined ? '' : text.howMany(recipes.length)}
          </output>
        </>
      )}
    </View>
  );
}

function NoRecipes() {
  const [, go] = useLocation();
  return (
    <EmptyState
      icon={<BookOpen size={32} aria-hidden="true" />}
      title={text.emptyTitle}
      actions={
        <>
          <Button tone="primary" onClick={() => go('/recipes/new')}>
            {text.writeRecipe}
          </Button>
          <Button onClick={() => go('/import')}>{text.paste}</Button>
          <Button onClick={() => go('/import')}>{text.import}</Button>
        </>
      }
    >
      {text.emptyBody}
    </EmptyState>
  );
}

function TagChips(props: {
  readonly tagId: string | null;
  readonly onChange: (tagId: string | null) => void;
}) {
  const { tagId, onChange } = props;
  const tags = useQuery('tags', {});
  const [all, setAll] = useState(false);
  if (tags === undefined || tags.length === 0) return null;
  const byCount = [...tags].sort((a, b) => b.count - a.count);
  const shown = byCount.filter((tag, index) => all || index < tagsShownMax || tag.id === tagId);
  const hidden = byCount.length - shown.length;
  return (
    <fieldset className={css['tags']} aria-label={text.tags}>
      <Chip selected={tagId === null} onPress={() => onChange(null)}>
        {text.allTags}
      </Chip>
      {shown.map((tag) => (
        <Chip
          key={tag.id}
          hue={tag.hue}
          selected={tag.id === tagId}
          onPress={() => onChange(tag.id === tagId ? null : tag.id)}
        >
          {tag.name}
        </Chip>
      ))}
      {hidden > 0 || all ? (
        <Button tone="quiet" className={css['more'] ?? ''} onClick={() => setAll(!all)}>
          {all ? text.fewerTags : text.moreTags(hidden)}
        </Button>
      ) : null}
    </fieldset>
  );
}

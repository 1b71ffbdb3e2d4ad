/** What stands behind ⋯ of a recipe: share as text, put it in the Trash, or out of it and for good. */
import { ArchiveRestore, History, Share2, Trash2 } from 'lucide-react';
import { useLocation } from 'wouter';

import type { RecipeView } from '../../../shared/queries.ts';
import { Menu } from '../../components/menu.tsx';
import { type ShowToast, useToast } from '../../components/toast.tsx';
import { usePerform } from '../../kitchen.tsx';
import { wordsForVersions } from '../../text/choices.ts';
import { recipeText as text } from '../../text/recipes.ts';
import { recipeAsText } from './recipe-text.ts';

const iconSize = 18;

/** The system's share sheet where there is one, else the clipboard. */
const shareText = async (title: string, words: string, toast: ShowToast): Promise<void> => {
  try {
    if (typeof navigator.share === 'function') {
      await navigator.share({ title, text: words });
      return;
    }
    await navigator.clipboard.writeText(words);
    toast({ words: text.copied });
  } catch (error) {
    // Closing the share sheet is an answer, not a failure.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    toast({ words: text.shareFailed, tone: 'problem' });
  }
};

export interface RecipeMenuProps {
  readonly recipe: RecipeView;
  readonly servings: number;
  readonly onErase: () => void;
  readonly onVersions: () => void;
}

export function RecipeMenu({ recipe, servings, onErase, onVersions }: RecipeMenuProps) {
  const perform = usePerform();
  const toast = useToast();
  const [, go] = useLocation();
  const trash = async () => {
    const result = await perform('recipe.trash', { ids: [recipe.id] });
    if (result.ok) go('/recipes');
  };
  const share = {
    id: 'share',
    label: text.share,
    icon: <Share2 size={iconSize} />,
    onPress: () => void shareText(recipe.title, recipeAsText(recipe, servings), toast),
  };
  const versions = {
    id: 'versions',
    label: wordsForVersions.title,
    icon: <History size={iconSize} />,
    onPress: onVersions,
  };
  const actions =
    recipe.trashedAt === null
      ? [
          share,
          versions,
          {
            id: 'trash',
            label: text.trash,
            icon: <Trash2 size={iconSize} />,
            danger: true,
            onPress: () => void trash(),
          },
        ]
      : [
          share,
          versions,
          {
            id: 'restore',
            label: text.restore,
            icon: <ArchiveRestore size={iconSize} />,
            onPress: () => void perform('recipe.restore', { ids: [recipe.id] }),
          },
          {
            id: 'erase',
            label: text.erase,
            icon: <Trash2 size={iconSize} />,
            danger: true,
            onPress: onErase,
          },
        ];
  return <Menu label={text.moreFor(recipe.title)} actions={actions} />;
}

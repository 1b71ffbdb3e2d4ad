/**
 * Takes up what another app shared (`worker/share-target.ts`) and opens the place it belongs to, filled in:
 * quick add, a new recipe, or the import. Nothing is written before the person says so; a recipe that was
 * begun and not saved is never overwritten.
 */
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';

import {
  readShared,
  SHARE_PATH,
  SHARED_CACHE,
  type Shared,
  sortShared,
  TOO_LARGE,
} from '../../../shared/share.ts';
import buttonCss from '../../components/button.module.css';
import { cx } from '../../components/cx.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { wordsForShare } from '../../text/views.ts';
import type { SharedState } from '../import/import-screen.tsx';
import { addToQuickAddDraft } from '../quick-add/quick-add-draft.ts';
import { beginRecipe } from './begin-recipe.ts';

export function ShareScreen() {
  const [, go] = useLocation();
  const isTooLarge = location.search === TOO_LARGE;
  useEffect(() => {
    if (isTooLarge) return undefined;
    let isGone = false;
    const { search, hash } = location;
    const open = async (): Promise<void> => {
      const shared = await readDraftOf(search, hash);
      // The effect may have begun anew: only the last one takes the draft.
      if (isGone) return;
      const { path, state = null } = shared === null ? LIST : placeOf(sortShared(shared));
      go(path, { replace: true, state });
      await forgetDraftOf(search);
    };
    void open();
    return () => {
      isGone = true;
    };
  }, [go, isTooLarge]);
  return (
    <View title={wordsForShare.title} titleHidden>
      {isTooLarge ? <TooLarge /> : <Skeleton />}
    </View>
  );
}

function TooLarge() {
  return (
    <EmptyState
      title={wordsForShare.tooLargeTitle}
      actions={
        <Link href="/import" className={cx(buttonCss['button'], buttonCss['primary'])}>
          {wordsForShare.toImport}
        </Link>
      }
    >
      {wordsForShare.tooLarge}
    </EmptyState>
  );
}

interface Place {
  readonly path: string;
  /** For the history entry: the import reads it there. */
  readonly state?: SharedState;
}

const LIST: Place = { path: '/list?add=1' };

/** From the cache; or from the address, where the cache had no room. */
async function readDraftOf(search: string, hash: string): Promise<Shared | null> {
  try {
    if (hash !== '') return readShared(decodeURIComponent(hash.slice(1)));
    const cache = await caches.open(SHARED_CACHE);
    const kept = await cache.match(`${SHARE_PATH}${search}`);
    return kept === undefined ? null : readShared(await kept.text());
  } catch {
    // Storage that does not answer has no draft to give, nor has an address that we did not write.
    return null;
  }
}

/** It is in the draft of the place by now. */
async function forgetDraftOf(search: string): Promise<void> {
  try {
    await (await caches.open(SHARED_CACHE)).delete(`${SHARE_PATH}${search}`);
  } catch {
    // It stays, and nothing opens it again.
  }
}

function placeOf(use: ReturnType<typeof sortShared>): Place {
  switch (use.type) {
    case 'nothing':
      return LIST;
    case 'lines':
      addToQuickAddDraft(use.text);
      return LIST;
    case 'source':
      return { path: '/import', state: { shared: use.text } };
    case 'link':
      return beginRecipe(use, Date.now())
        ? { path: '/recipes/new' }
        : { path: '/import', state: { shared: use.link, page: use } };
  }
}

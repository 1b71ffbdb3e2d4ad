/**
 * Takes up what another app shared (`worker/share-target.ts`) and opens the place it belongs to, filled in:
 * quick add, a new recipe, or the import. Nothing is written before the person says so; a recipe that was
 * begun and not saved is never overwritten.
 */
import { useEffect } from 'react';
import { useLocation } from 'wouter';

import {
  readShared,
  SHARE_PATH,
  SHARED_CACHE,
  type Shared,
  sortShared,
} from '../../../shared/share.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { wordsForShare } from '../../text/views.ts';
import { addToQuickAddDraft } from '../quick-add/quick-add-draft.ts';
import { keepDraft, readDraft } from '../recipe-edit/draft.ts';
import { emptyForm } from '../recipe-edit/recipe-form.ts';

export function ShareScreen() {
  const [, go] = useLocation();
  useEffect(() => {
    let isGone = false;
    const { search } = location;
    const open = async (): Promise<void> => {
      const shared = await readDraftOf(search);
      // The effect may have begun anew: only the last one takes the draft.
      if (isGone) return;
      const { path, state = null } = shared === null ? LIST : placeOf(sortShared(shared));
      go(path, { replace: true, state });
      await (await caches.open(SHARED_CACHE)).delete(`${SHARE_PATH}${search}`);
    };
    // Storage that does not answer has no draft to give.
    open().catch(() => go('/list', { replace: true }));
    return () => {
      isGone = true;
    };
  }, [go]);
  return (
    <View title={wordsForShare.title} titleHidden>
      <Skeleton />
    </View>
  );
}

interface Place {
  readonly path: string;
  /** For the history entry: the import reads it there. */
  readonly state?: { readonly shared: string };
}

const LIST: Place = { path: '/list?add=1' };

async function readDraftOf(search: string): Promise<Shared | null> {
  const cache = await caches.open(SHARED_CACHE);
  const kept = await cache.match(`${SHARE_PATH}${search}`);
  return kept === undefined ? null : readShared(await kept.text());
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
    case 'link': {
      const { title, link } = use;
      const nowMs = Date.now();
      const isFree = readDraft(localStorage, 'new', nowMs) === null;
      const form = { ...emptyForm, title, sourceUrl: link };
      const isKept = isFree && keepDraft(localStorage, 'new', { form, opened: null }, nowMs);
      return isKept ? { path: '/recipes/new' } : { path: '/import', state: { shared: link } };
    }
  }
}

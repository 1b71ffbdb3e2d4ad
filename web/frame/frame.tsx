/**
 * What stands around every view: sidebar from 1024 px, top bar below that, bottom bar on phones, and the
 * one `main`. It owns the skip link, the global keys, quick add and the quiet lines about updates.
 */
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useLocation } from 'wouter';

import { Skeleton } from '../components/skeleton.tsx';
import { wordsForFrame } from '../text/frame.ts';
import { useMedia, PHONE, WIDE } from '../use-media.ts';
import { BottomBar } from './bottom-bar.tsx';
import css from './frame.module.css';
import { LazySheet } from './lazy-sheet.tsx';
import { Sidebar } from './sidebar.tsx';
import { TopBar } from './top-bar.tsx';
import { useGlobalKeys } from './use-global-keys.ts';

const QuickAddSheet = lazy(async () => ({
  default: (await import('../screens/quick-add/quick-add-sheet.tsx')).QuickAddSheet,
}));

export function Frame({ children }: { readonly children: ReactNode }) {
  const wide = useMedia(WIDE);
  const phone = useMedia(PHONE);
  const [adding, setAdding] = useState(false);
  const [path] = useLocation();

  const openQuickAdd = () => {
    const field = document.querySelector<HTMLElement>('[data-quick-add]');
    if (field && path === '/list') field.focus();
    else setAdding(true);
  };
  const closeQuickAdd = () => setAdding(false);
  useGlobalKeys({ quickAdd: openQuickAdd });

  return (
    <div className={css['frame']}>
      <a className={css['skip']} href="#main">
        {wordsForFrame.skip}
      </a>
      {wide ? <Sidebar onAdd={openQuickAdd} /> : <TopBar phone={phone} />}
      <main id="main" className={css['main']} tabIndex={-1}>
        <Suspense fallback={<Skeleton />}>{children}</Suspense>
      </main>
      {phone ? <BottomBar onAdd={openQuickAdd} /> : null}
      {adding ? (
        <LazySheet onClose={closeQuickAdd}>
          <QuickAddSheet onClose={closeQuickAdd} />
        </LazySheet>
      ) : null}
    </div>
  );
}

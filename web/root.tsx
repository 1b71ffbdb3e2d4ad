/**
 * Everything around the app that can stand in its place: a browser that cannot hold a kitchen, and a worker
 * that stopped. Both say what is true and what to do; what was saved is kept in either case.
 */
import { useEffect, useSyncExternalStore } from 'react';

import { useLocation } from 'wouter';

import { App } from './app.tsx';
import { Button } from './components/button.tsx';
import { EmptyState } from './components/empty-state.tsx';
import { Sheet } from './components/sheet.tsx';
import { ToastProvider, useToast } from './components/toast.tsx';
import type { Connection } from './connect.ts';
import { ClosedKitchen } from './frame/closed-kitchen.tsx';
import { NotKeptBanner } from './frame/not-kept-banner.tsx';
import { StorageCleared } from './frame/storage-cleared.tsx';
import { ViewBoundary } from './frame/view-boundary.tsx';
import { KitchenProvider } from './kitchen.tsx';
import { wordsForFrame } from './text/frame.ts';

/** Facts that come from outside React, before or after it started. */
interface Told {
  readonly lost: boolean;
  /** A newer version is in charge; this tab shows what it showed, and saves nothing any more. */
  readonly old: boolean;
  readonly readyOffline: boolean;
  /** How often another kitchen was opened under this tab. */
  readonly moves: number;
}

let told: Told = { lost: false, old: false, readyOffline: false, moves: 0 };
const listeners = new Set<() => void>();

function tell(change: Partial<Told>): void {
  told = { ...told, ...change };
  for (const listener of listeners) listener();
}

export const tellLost = (_error: unknown): void => tell({ lost: true });
export const tellOld = (): void => tell({ old: true });
export const tellReadyOffline = (): void => tell({ readyOffline: true });
export const tellMoved = (): void => tell({ moves: told.moves + 1 });

const subscribe = (onChange: () => void): (() => void) => {
  listeners.add(onChange);
  return () => {
    listeners.delete(onChange);
  };
};

export function Root({ connection }: { readonly connection: Connection }) {
  const { lost, old, readyOffline, moves } = useSyncExternalStore(subscribe, () => told);
  if (connection.type === 'unsupported') {
    return (
      <EmptyState title={wordsForFrame.cannotOpenTitle}>{wordsForFrame.cannotOpenWords}</EmptyState>
    );
  }
  if (lost && !old) {
    return (
      <EmptyState
        title={wordsForFrame.workerLostTitle}
        actions={
          <Button tone="primary" onClick={() => location.reload()}>
            {wordsForFrame.reload}
          </Button>
        }
      >
        {wordsForFrame.workerLostWords}
      </EmptyState>
    );
  }
  return (
    <ToastProvider>
      <KitchenProvider kitchen={connection.kitchen} onBroken={tellLost}>
        <NotKeptBanner />
        {readyOffline ? <ReadyOffline /> : null}
        {/* Another kitchen of this device: every view begins anew, with the notes of that one. */}
        <ViewBoundary key={moves}>
          <App />
        </ViewBoundary>
        <StorageCleared />
        <ClosedKitchen />
        {old ? <OldTab /> : null}
      </KitchenProvider>
    </ToastProvider>
  );
}

function OldTab() {
  return (
    <Sheet
      title={wordsForFrame.oldTabTitle}
      open
      alert
      foot={
        <Button tone="primary" onClick={() => location.reload()}>
          {wordsForFrame.reload}
        </Button>
      }
    >
      <p>{wordsForFrame.oldTab}</p>
    </Sheet>
  );
}

function ReadyOffline() {
  const toast = useToast();
  const [path] = useLocation();
  // Nothing is said in the shop; it is said when the person leaves it.
  const quiet = path === '/shop' || path.startsWith('/shop/');
  useEffect(() => {
    if (quiet) return;
    toast({ words: wordsForFrame.offlineReady });
    tell({ readyOffline: false });
  }, [quiet, toast]);
  return null;
}

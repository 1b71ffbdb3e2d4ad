/**
 * The kitchen as React sees it: live queries, the sync status, and acts with their words and Undo. Every
 * screen goes through these hooks; none of them knows comlink, SQL or the wire.
 *
 * - `useQuery(name, args)`: the current rows, `undefined` until the first answer.
 * - `useStatus()`: the engine's facts; `opening` until it has spoken.
 * - `usePerform()`: does one act. What went wrong is shown as words and also returned.
 * - `useUndoLast()`, `useRedoLast()`: takes back the last act of this tab, or the last undo.
 */
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useSyncExternalStore,
} from 'react';

import type { ActArgs, ActName, Performed, Refusal } from '../shared/acts/acts.ts';
import { must } from '../shared/assert.ts';
import type { QueryArgs, QueryName, QueryRows } from '../shared/queries.ts';
import { err, type Result } from '../shared/result.ts';
import type { Kitchen } from '../shared/rpc.ts';
import { OPENING, type SyncStatus } from '../shared/status.ts';
import { type ToastContent, useToast } from './components/toast.tsx';
import { newId } from './ids.ts';
import { createQueryCache, type QueryCache } from './query-cache.ts';
import { wordsForFrame } from './text/frame.ts';
import { wordsForRefusal } from './text/refusals.ts';
import { wordsForSentence } from '../shared/text/sentences.ts';
import {
  forgetAct,
  rememberAct,
  rememberRedo,
  rememberUndo,
  takeLastAct,
  takeLastUndo,
} from './undo-stack.ts';

interface StatusSource {
  readonly subscribe: (onChange: () => void) => () => void;
  readonly read: () => SyncStatus;
}

interface KitchenParts {
  readonly kitchen: Kitchen;
  readonly queries: QueryCache;
  readonly status: StatusSource;
}

const KitchenContext = createContext<KitchenParts | null>(null);

interface KitchenProviderProps {
  readonly kitchen: Kitchen;
  /** The worker went away or answered with a bug: the frame says so. */
  readonly onBroken: (error: unknown) => void;
  readonly children: ReactNode;
}

export function KitchenProvider({ kitchen, onBroken, children }: KitchenProviderProps) {
  const parts = useMemo<KitchenParts>(
    () => ({
      kitchen,
      queries: createQueryCache(kitchen, onBroken),
      status: createStatusSource(kitchen, onBroken),
    }),
    [kitchen, onBroken],
  );
  return <KitchenContext value={parts}>{children}</KitchenContext>;
}

/** One watch for the life of the tab: the chip is always on screen. */
function createStatusSource(kitchen: Kitchen, onBroken: (error: unknown) => void): StatusSource {
  let status = OPENING;
  let started = false;
  const listeners = new Set<() => void>();
  return {
    read: () => status,
    subscribe(onChange) {
      listeners.add(onChange);
      if (!started) {
        started = true;
        kitchen
          .watchStatus((next) => {
            status = next;
            for (const listener of listeners) listener();
          })
          .catch(onBroken);
      }
      return () => {
        listeners.delete(onChange);
      };
    },
  };
}

function useParts(): KitchenParts {
  return must(useContext(KitchenContext), 'screens stand inside the kitchen provider');
}

export function useKitchen(): Kitchen {
  return useParts().kitchen;
}

export function useQuery<Q extends QueryName>(
  query: Q,
  args: QueryArgs<Q>,
): QueryRows<Q> | undefined {
  const { queries } = useParts();
  // Callers write arguments as literals: their text, not their identity, says whether they changed.
  const text = JSON.stringify(args);
  const subscribe = useCallback(
    (onChange: () => void) => queries.subscribe(query, JSON.parse(text) as QueryArgs<Q>, onChange),
    [queries, query, text],
  );
  return useSyncExternalStore(subscribe, () => queries.read(query, args));
}

export function useStatus(): SyncStatus {
  const { status } = useParts();
  return useSyncExternalStore(status.subscribe, status.read);
}

/** Phases in which nobody may say that what was written here is saved. */
const UNSAVED: ReadonlySet<SyncStatus['phase']> = new Set([
  'memory-only',
  'storage-cleared',
  'storage-full',
]);

export const useIsSaved = (): boolean => !UNSAVED.has(useStatus().phase);

export interface PerformOptions {
  /**
   * `undo` (the default) says the act's sentence with an Undo button, `plain` without, `none` stays quiet,
   * as for a tick that is its own answer. A refusal is always said unless `refusal` is `none`.
   */
  readonly toast?: 'undo' | 'plain' | 'none';
  /** Other words than the act's own sentence. */
  readonly words?: string;
  /** `none` when the form shows the reason beside the field. */
  readonly refusal?: 'toast' | 'none';
}

export type Perform = <A extends ActName>(
  act: A,
  args: ActArgs[A],
  options?: PerformOptions,
) => Promise<Result<Performed, Refusal>>;

export function usePerform(): Perform {
  const { kitchen } = useParts();
  const toast = useToast();
  return useCallback<Perform>(
    async (act, args, options = {}) => {
      const result = await performSafely(kitchen, act, args);
      if (!result.ok) {
        if (options.refusal !== 'none') {
          toast({ words: wordsForRefusal(result.error), tone: 'problem' });
        }
        return result;
      }
      if (result.value.undoable) rememberAct(result.value.actId);
      const content = toastFor(kitchen, result.value, options, toast);
      if (content) toast(content);
      return result;
    },
    [kitchen, toast],
  );
}

async function performSafely<A extends ActName>(
  kitchen: Kitchen,
  act: A,
  args: ActArgs[A],
): Promise<Result<Performed, Refusal>> {
  try {
    return await kitchen.perform(act, args, newId());
  } catch {
    // The worker is gone or hit a bug: nothing says that the act is on disk, so nothing may claim it.
    return err({ type: 'not-saved', reason: 'unknown' });
  }
}

function toastFor(
  kitchen: Kitchen,
  performed: Performed,
  options: PerformOptions,
  toast: (content: ToastContent) => void,
): ToastContent | null {
  if (options.toast === 'none') return null;
  const words = options.words ?? wordsForSentence(performed.sentence);
  if (options.toast === 'plain' || !performed.undoable) return { words };
  const onPress = () => {
    forgetAct(performed.actId);
    void takeBack(kitchen, 'act.undo', performed.actId, toast);
  };
  return { words, action: { label: wordsForFrame.undo, onPress } };
}

async function takeBack(
  kitchen: Kitchen,
  act: 'act.undo' | 'act.redo',
  actId: string,
  toast: (content: ToastContent) => void,
): Promise<void> {
  const result = await performSafely(kitchen, act, { actId });
  if (!result.ok) {
    toast({ words: wordsForRefusal(result.error), tone: 'problem' });
    return;
  }
  if (act === 'act.undo') rememberUndo(result.value.actId);
  else rememberRedo(result.value.actId);
  toast({ words: wordsForSentence(result.value.sentence) });
}

/** Undoes the last act of this tab, and says which. */
export function useUndoLast(): () => void {
  const { kitchen } = useParts();
  const toast = useToast();
  return useCallback(() => {
    const actId = takeLastAct();
    if (actId === undefined) {
      toast({ words: wordsForFrame.nothingToUndo });
      return;
    }
    void takeBack(kitchen, 'act.undo', actId, toast);
  }, [kitchen, toast]);
}

/** Takes back the last undo of this tab, as long as nothing new was done since. */
export function useRedoLast(): () => void {
  const { kitchen } = useParts();
  const toast = useToast();
  return useCallback(() => {
    const actId = takeLastUndo();
    if (actId === undefined) toast({ words: wordsForFrame.nothingToRedo });
    else void takeBack(kitchen, 'act.redo', actId, toast);
  }, [kitchen, toast]);
}

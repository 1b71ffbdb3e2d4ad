/**
 * Shopping mode `/shop/:store?`: the list at arm's length, full screen. The screen stays on, a tick waits
 * 600 ms before it sinks, Undo stands at the bottom for ten seconds, Finish ends the trip. No update,
 * install or other question appears here; being offline is one plain line.
 */
import { X } from 'lucide-react';
import { lazy, type MouseEvent, type ReactNode, useEffect, useState } from 'react';
import { useLocation, useParams } from 'wouter';

import type { ListRow, ListView } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { hueStyle } from '../../components/hue.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import { LazySheet } from '../../frame/lazy-sheet.tsx';
import { useHeadingFocus } from '../../heading-focus.ts';
import { usePerform, useQuery, useStatus } from '../../kitchen.tsx';
import { wordsForFrame } from '../../text/frame.ts';
import { wordsForList, wordsForShop } from '../../text/list.ts';
import { useSheetParam } from '../../use-sheet-param.ts';
import { rowsIn, useRowFocus } from '../list/use-row-focus.ts';
import { type Ticking, useTicking } from '../list/use-ticking.ts';
import { ShopRow } from './shop-row.tsx';
import css from './shop.module.css';
import { useWakeLock } from './use-wake-lock.ts';

const FinishSheet = lazy(async () => ({
  default: (await import('./finish-sheet.tsx')).FinishSheet,
}));

/** The undo bar stays as long as a toast would. */
const UNDO_STAYS_MS = 10_000;

export function ShopScreen() {
  const { store } = useParams<{ store?: string }>();
  const storeId = store ?? null;
  const [, navigate] = useLocation();
  const heading = useHeadingFocus();
  const stores = useQuery('stores', {});
  const ticking = useTicking(useQuery('list', { storeId }));
  const { view } = ticking;
  const { phase } = useStatus();
  const { maySleep } = useWakeLock();
  const [finishing, openFinish, closeFinish] = useSheetParam('finish');
  const listPath = storeId === null ? '/list' : `/list?store=${storeId}`;
  const shopName = stores?.find(({ id }) => id === storeId)?.name ?? wordsForShop.title;
  useEffect(() => {
    document.title = wordsForFrame.documentTitle(shopName);
  }, [shopName]);
  const done = view?.basket.length ?? 0;
  const all = done + (view ? openRows(view) : 0);

  return (
    <div className={css['shop']}>
      <header className={css['head']}>
        <IconButton
          label={wordsForShop.close}
          icon={<X size={24} strokeWidth={1.75} />}
          onClick={() => navigate(listPath)}
        />
        <h1 ref={heading} tabIndex={-1} className={css['name']}>
          {shopName}
        </h1>
        <span className={css['count']}>{wordsForShop.progress(done, all)}</span>
        <progress
          className={css['progress']}
          aria-label={wordsForShop.progressLabel}
          value={done}
          max={Math.max(1, all)}
        />
      </header>
      <main className={css['main']} id="main">
        {phase === 'offline' ? <p className={css['line']}>{wordsForShop.offline}</p> : null}
        {maySleep ? <p className={css['line']}>{wordsForShop.maySleep}</p> : null}
        {view === undefined ? (
          <Skeleton count={8} />
        ) : (
          <ShopList view={view} onTick={ticking.tick} />
        )}
      </main>
      <footer className={css['foot']} data-action-bar>
        <UndoLastTick ticking={ticking} />
        <Button tone="primary" wide disabled={done === 0} onClick={() => openFinish('1')}>
          {wordsForShop.finish}
        </Button>
      </footer>
      {finishing !== null && view ? (
        <LazySheet onClose={closeFinish}>
          <FinishSheet
            storeId={storeId}
            basket={view.basket}
            onClose={closeFinish}
            // In the place of the sheet: the way back does not lead to it again.
            onFinished={() => navigate(listPath, { replace: true })}
          />
        </LazySheet>
      ) : null}
    </div>
  );
}

const openRows = (view: ListView): number =>
  view.sections.reduce((count, section) => count + section.rows.length, 0);

interface ShopListProps {
  readonly view: ListView;
  readonly onTick: (row: ListRow) => void;
}

const CHECKBOX = 'input[type="checkbox"]';

/** Space ticks and moves on; a finger stays where it is. Only a press by key makes a click without detail. */
function moveOn(event: MouseEvent<HTMLDivElement>): void {
  if (event.detail !== 0 || !(event.target instanceof HTMLInputElement)) return;
  const row = event.target.closest<HTMLElement>('[data-row]');
  const rows = rowsIn(event.currentTarget).filter(
    (one) => one instanceof HTMLElement && one.dataset['state'] === row?.dataset['state'],
  );
  const next = row === null ? undefined : rows[rows.indexOf(row) + 1];
  next?.querySelector<HTMLElement>(CHECKBOX)?.focus();
}

function ShopList({ view, onTick }: ShopListProps) {
  const rowFocus = useRowFocus(CHECKBOX);
  const rows = (some: readonly ListRow[]) =>
    some.map((row) => <ShopRow key={row.key} row={row} onTick={() => onTick(row)} />);
  const open = openRows(view);
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- follows the checkboxes inside
    <div {...rowFocus} onClick={moveOn}>
      {open > 0 ? null : (
        <EmptyState>
          {view.basket.length > 0 ? wordsForShop.allDone(view.basket.length) : wordsForShop.nothing}
        </EmptyState>
      )}
      {view.sections.map((section) => (
        <ShopSection
          key={section.aisleId ?? 'other'}
          name={section.name === '' ? wordsForList.other : section.name}
          hue={section.hue}
        >
          {rows(section.rows)}
        </ShopSection>
      ))}
      {view.basket.length === 0 ? null : (
        <ShopSection name={wordsForList.basket} hue={null} count={view.basket.length}>
          {rows(view.basket)}
        </ShopSection>
      )}
    </div>
  );
}

interface ShopSectionProps {
  readonly name: string;
  readonly hue: number | null;
  readonly count?: number;
  readonly children: ReactNode;
}

function ShopSection({ name, hue, count, children }: ShopSectionProps) {
  return (
    <section aria-label={name}>
      <h2 className={css['aisle']}>
        {hue === null ? null : (
          <span className={css['dot']} style={hueStyle(hue)} aria-hidden="true" />
        )}
        {name}
        {count === undefined ? null : <span className={css['aisleCount']}>{count}</span>}
      </h2>
      <ul>{children}</ul>
    </section>
  );
}

function UndoLastTick({ ticking }: { readonly ticking: Ticking }) {
  const perform = usePerform();
  const { lastActId } = ticking;
  const [expired, setExpired] = useState<string | null>(null);
  useEffect(() => {
    if (lastActId === null) return undefined;
    const timer = setTimeout(() => setExpired(lastActId), UNDO_STAYS_MS);
    return () => clearTimeout(timer);
  }, [lastActId]);
  const can = lastActId !== null && lastActId !== expired;
  const undo = () => {
    if (lastActId === null) return;
    ticking.forgetLast();
    void perform('act.undo', { actId: lastActId }, { toast: 'none' });
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'u' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (can) undo();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
  return (
    <Button wide disabled={!can} aria-keyshortcuts="U" onClick={undo}>
      {wordsForShop.undo}
    </Button>
  );
}

/**
 * The shopping list `/list`: quick add, shops, aisles, later, basket. The shop filter and the open row
 * stand in the address, so they belong to the tab. From 1280 px the details stand beside the list.
 */
import { ShoppingBasket } from 'lucide-react';
import { lazy, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';

import type { ListView } from '../../../shared/queries.ts';
import buttonCss from '../../components/button.module.css';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { SegmentedTabs } from '../../components/segmented-tabs.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { LazySheet } from '../../frame/lazy-sheet.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForList } from '../../text/list.ts';
import { useMedia, WITH_PANE } from '../../use-media.ts';
import { useSheetParam, useViewSearch } from '../../use-sheet-param.ts';
import { QuickAdd } from '../quick-add/quick-add.tsx';
import { ItemDetail } from './item-detail.tsx';
import { ListSections } from './list-sections.tsx';
import css from './list.module.css';
import { SamplesCard } from './samples-card.tsx';
import { type OpenItem, useOpenItem } from './use-open-item.ts';
import { useTicking } from './use-ticking.ts';

const ItemSheet = lazy(async () => ({ default: (await import('./item-sheet.tsx')).ItemSheet }));
const FinishSheet = lazy(async () => ({
  default: (await import('../shop/finish-sheet.tsx')).FinishSheet,
}));

export function ListScreen() {
  const search = useViewSearch();
  const params = new URLSearchParams(search);
  const storeId = params.get('store');
  const [itemKey, openItem, closeItem] = useSheetParam('item');
  const [finishing, openFinish, closeFinish] = useSheetParam('finish');
  const { view, tick } = useTicking(useQuery('list', { storeId }));
  const perform = usePerform();
  const withPane = useMedia(WITH_PANE);
  const quickAdd = useRef<HTMLInputElement>(null);

  const wantsAdd = params.has('add');
  useEffect(() => {
    if (wantsAdd) quickAdd.current?.focus();
  }, [wantsAdd]);

  const item = useOpenItem(view, itemKey);
  const shopPath = storeId === null ? '/shop' : `/shop/${storeId}`;
  return (
    <View
      title={wordsForList.title}
      actions={
        <Link href={shopPath} className={cx(buttonCss['button'], buttonCss['plain'])}>
          <ShoppingBasket size={18} strokeWidth={1.75} aria-hidden="true" />
          {wordsForList.startShopping}
        </Link>
      }
      pane={withPane ? <Pane item={item} onDone={closeItem} /> : undefined}
    >
      <QuickAdd inputRef={quickAdd} />
      <ShopTabs storeId={storeId} />
      {view?.samples ? <SamplesCard /> : null}
      {view === undefined ? <Skeleton /> : null}
      {view && isEmpty(view) ? <NothingToBuy /> : null}
      {view && !isEmpty(view) ? (
        <ListSections
          view={view}
          selectedKey={item?.row?.key ?? null}
          basketAction={
            <Button tone="quiet" onClick={() => openFinish('1')}>
              {wordsForList.finish}
            </Button>
          }
          onTick={tick}
          onOpen={(row) => openItem(row.ids[0] ?? row.key)}
          onLater={(row) =>
            void perform('list.later', { ids: row.ids, later: row.state !== 'later' })
          }
          onRemove={(row) => void perform('list.remove', { ids: row.ids })}
          onKeepOne={(row) => void perform('list.keepOne', { ids: row.ids })}
        />
      ) : null}
      {item && !withPane ? (
        <LazySheet onClose={closeItem}>
          <ItemSheet item={item} onClose={closeItem} />
        </LazySheet>
      ) : null}
      {finishing !== null && view ? (
        <LazySheet onClose={closeFinish}>
          <FinishSheet
            storeId={storeId}
            basket={view.basket}
            onClose={closeFinish}
            onFinished={closeFinish}
          />
        </LazySheet>
      ) : null}
    </View>
  );
}

function isEmpty(view: ListView): boolean {
  return view.sections.length === 0 && view.later.length === 0 && view.basket.length === 0;
}

function NothingToBuy() {
  return (
    <EmptyState
      icon={<ShoppingBasket size={28} strokeWidth={1.5} aria-hidden="true" />}
      actions={
        <Link href="/week" className={cx(buttonCss['button'], buttonCss['plain'])}>
          {wordsForList.planMeal}
        </Link>
      }
    >
      {wordsForList.empty}
    </EmptyState>
  );
}

function Pane({ item, onDone }: { readonly item: OpenItem | null; readonly onDone: () => void }) {
  if (item === null) return <p className={css['noItem']}>{wordsForList.nothingSelected}</p>;
  return (
    <section className={css['pane']} aria-label={item.title}>
      <h2 className={css['paneTitle']}>{item.title}</h2>
      <ItemDetail key={item.lineId} item={item} onDone={onDone} />
    </section>
  );
}

const ALL = 'all';

function ShopTabs({ storeId }: { readonly storeId: string | null }) {
  const stores = useQuery('stores', {});
  const [path, navigate] = useLocation();
  if (stores === undefined || stores.length === 0) return null;
  return (
    <SegmentedTabs
      label={wordsForList.shops}
      value={storeId ?? ALL}
      options={[
        { value: ALL, label: wordsForList.allShops },
        ...stores.map(({ id, name, openCount }) => ({ value: id, label: name, count: openCount })),
      ]}
      onChange={(value) =>
        navigate(value === ALL ? path : `${path}?store=${value}`, { replace: true })
      }
    />
  );
}

/** The details of a row as a sheet: below 1280 px, where there is no pane beside the list. */
import { Sheet } from '../../components/sheet.tsx';
import { ItemDetail } from './item-detail.tsx';
import type { OpenItem } from './use-open-item.ts';

interface ItemSheetProps {
  readonly item: OpenItem;
  readonly onClose: () => void;
}

export function ItemSheet({ item, onClose }: ItemSheetProps) {
  return (
    <Sheet title={item.title} open onClose={onClose}>
      <ItemDetail item={item} onDone={onClose} />
    </Sheet>
  );
}

/** The details of a row as a sheet: below 1280 px, where there is no pane beside the list. */
import type { ListRow } from '../../../shared/queries.ts';
import { Sheet } from '../../components/sheet.tsx';
import { ItemDetail } from './item-detail.tsx';

interface ItemSheetProps {
  readonly row: ListRow;
  readonly onClose: () => void;
}

export function ItemSheet({ row, onClose }: ItemSheetProps) {
  return (
    <Sheet title={row.title} open onClose={onClose}>
      <ItemDetail row={row} onDone={onClose} />
    </Sheet>
  );
}

/** Quick add from anywhere: above the keyboard on a phone, a dialogue on a desktop. Stays open for more. */
import { Sheet } from '../../components/sheet.tsx';
import { wordsForQuickAdd } from '../../text/list.ts';
import css from './quick-add-sheet.module.css';
import { QuickAdd } from './quick-add.tsx';

export function QuickAddSheet({ onClose }: { readonly onClose: () => void }) {
  return (
    <Sheet title={wordsForQuickAdd.title} open onClose={onClose}>
      <div className={css['body']}>
        <QuickAdd focusFirst />
      </div>
    </Sheet>
  );
}

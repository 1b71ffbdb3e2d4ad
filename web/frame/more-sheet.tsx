/** The menu of the small frame: on a tablet all views, on a phone those without a tab. */
import { Sheet } from '../components/sheet.tsx';
import { wordsForFrame } from '../text/frame.ts';
import { AccountLine } from './account-line.tsx';
import { MAIN_VIEWS, OTHER_VIEWS } from './nav-items.ts';
import { NavLink } from './nav-link.tsx';
import { UpdateLine } from './update-line.tsx';
import css from './more-sheet.module.css';

interface MoreSheetProps {
  readonly phone: boolean;
  readonly onClose: () => void;
}

export function MoreSheet({ phone, onClose }: MoreSheetProps) {
  const views = phone ? OTHER_VIEWS : [...MAIN_VIEWS, ...OTHER_VIEWS];
  return (
    <Sheet title={wordsForFrame.appName} open onClose={onClose} place={phone ? 'dialog' : 'panel'}>
      <nav className={css['nav']} aria-label={wordsForFrame.mainMenu}>
        {views.map((item) => (
          <NavLink key={item.path} item={item} onFollow={onClose} />
        ))}
        <UpdateLine />
        <AccountLine onFollow={onClose} />
      </nav>
    </Sheet>
  );
}

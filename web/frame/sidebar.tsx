/** The desktop's side: where one is, what can be added, and at its foot what is true about sync. */
import { Plus } from 'lucide-react';
import { Link } from 'wouter';

import { Jar } from '../components/jar.tsx';
import { useQuery } from '../kitchen.tsx';
import { StatusChip } from '../sync/status-chip.tsx';
import { wordsForFrame } from '../text/frame.ts';
import { AccountLine } from './account-line.tsx';
import { MAIN_VIEWS, OTHER_VIEWS } from './nav-items.ts';
import { NavLink } from './nav-link.tsx';
import { UpdateLine } from './update-line.tsx';
import css from './sidebar.module.css';

export function Sidebar({ onAdd }: { readonly onAdd: () => void }) {
  const list = useQuery('list', { storeId: null });
  return (
    <header className={css['sidebar']}>
      <Link href="/list" className={css['brand']}>
        <Jar size={26} />
        <span>{wordsForFrame.appName}</span>
      </Link>
      <button type="button" className={css['add']} aria-keyshortcuts="Q" onClick={onAdd}>
        <Plus size={20} strokeWidth={1.75} aria-hidden="true" />
        <span>{wordsForFrame.add}</span>
        <kbd aria-hidden="true">Q</kbd>
      </button>
      <nav className={css['nav']} aria-label={wordsForFrame.mainMenu}>
        {MAIN_VIEWS.map((item) => (
          <NavLink
            key={item.path}
            item={item}
            count={item.path === '/list' ? list?.openCount : undefined}
          />
        ))}
        <hr className={css['rule']} />
        {OTHER_VIEWS.map((item) => (
          <NavLink key={item.path} item={item} />
        ))}
      </nav>
      <div className={css['foot']}>
        <UpdateLine />
        <AccountLine />
        <StatusChip />
      </div>
    </header>
  );
}

/** The phone's four views and, in the middle, the way to add something. */
import { Plus } from 'lucide-react';
import { Link, useLocation } from 'wouter';

import { cx } from '../components/cx.ts';
import { wordsForFrame } from '../text/frame.ts';
import css from './bottom-bar.module.css';
import { isInView, MAIN_VIEWS, type NavItem } from './nav-items.ts';

export function BottomBar({ onAdd }: { readonly onAdd: () => void }) {
  const [first, second, third, fourth] = MAIN_VIEWS;
  return (
    <nav className={css['bar']} aria-label={wordsForFrame.mainMenu}>
      {first ? <Tab item={first} /> : null}
      {second ? <Tab item={second} /> : null}
      <button
        type="button"
        className={css['add']}
        aria-label={wordsForFrame.addThings}
        onClick={onAdd}
      >
        <Plus size={28} strokeWidth={1.75} aria-hidden="true" />
      </button>
      {third ? <Tab item={third} /> : null}
      {fourth ? <Tab item={fourth} /> : null}
    </nav>
  );
}

function Tab({ item }: { readonly item: NavItem }) {
  const [path] = useLocation();
  const current = isInView(path, item.path);
  return (
    <Link
      href={item.path}
      className={cx(css['tab'], current && css['current'])}
      aria-current={current ? 'page' : undefined}
    >
      <item.Icon size={22} strokeWidth={1.75} aria-hidden="true" />
      <span>{item.label}</span>
    </Link>
  );
}

/** One line of navigation: icon, name, and a quiet count where there is one. */
import { Link, useLocation } from 'wouter';

import { cx } from '../components/cx.ts';
import { isInView, type NavItem } from './nav-items.ts';
import css from './nav-link.module.css';

interface NavLinkProps {
  readonly item: NavItem;
  readonly count?: number | undefined;
  readonly onFollow?: (() => void) | undefined;
}

export function NavLink({ item, count, onFollow }: NavLinkProps) {
  const [path] = useLocation();
  const current = isInView(path, item.path);
  return (
    <Link
      href={item.path}
      className={cx(css['link'], current && css['current'])}
      aria-current={current ? 'page' : undefined}
      onClick={onFollow}
    >
      <item.Icon size={20} strokeWidth={1.75} aria-hidden="true" />
      <span className={css['label']}>{item.label}</span>
      {count === undefined || count === 0 ? null : (
        <span className={css['count']} aria-hidden="true">
          {count}
        </span>
      )}
    </Link>
  );
}

/** Below 1024 px: the name, what is true about sync, and a sheet with everything that has no tab. */
import { Menu as MenuIcon } from 'lucide-react';
import { lazy, useState } from 'react';
import { Link } from 'wouter';

import { IconButton } from '../components/button.tsx';
import { Jar } from '../components/jar.tsx';
import { StatusChip } from '../sync/status-chip.tsx';
import { wordsForFrame } from '../text/frame.ts';
import { LazySheet } from './lazy-sheet.tsx';
import css from './top-bar.module.css';

const MoreSheet = lazy(async () => ({ default: (await import('./more-sheet.tsx')).MoreSheet }));

export function TopBar({ phone }: { readonly phone: boolean }) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <header className={css['bar']}>
      <Link href="/list" className={css['brand']}>
        <Jar size={24} />
        <span>{wordsForFrame.appName}</span>
      </Link>
      <StatusChip compact={phone} />
      <IconButton
        label={wordsForFrame.moreMenu}
        icon={<MenuIcon size={20} strokeWidth={1.75} />}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      />
      {open ? (
        <LazySheet onClose={close}>
          <MoreSheet phone={phone} onClose={close} />
        </LazySheet>
      ) : null}
    </header>
  );
}

/** Over every screen, for as long as nothing that is written here is kept: never a silent fall-back. */
import { CircleAlert } from 'lucide-react';
import { Link } from 'wouter';

import { useStatus } from '../kitchen.tsx';
import { wordsForFrame } from '../text/frame.ts';
import css from './not-kept-banner.module.css';

export function NotKeptBanner() {
  const { phase } = useStatus();
  if (phase !== 'memory-only') return null;
  return (
    <aside className={css['banner']} aria-label={wordsForFrame.notKept}>
      <CircleAlert size={18} strokeWidth={1.75} aria-hidden="true" />
      <strong>{wordsForFrame.notKept}</strong>
      <Link href="/sync">{wordsForFrame.why}</Link>
    </aside>
  );
}

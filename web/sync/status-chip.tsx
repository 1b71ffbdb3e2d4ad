/**
 * What is true about sync, in one button: icon and words in the sidebar, icon and count in the phone's top
 * bar. Its live text is polite. Open questions stand beside the state, never instead of it. It opens the
 * sync panel; `data-sync-state` names the state for tests and styles.
 */
import {
  ArrowDown,
  ArrowUp,
  Check,
  CircleAlert,
  CircleFadingArrowUp,
  CloudAlert,
  CloudCheck,
  CloudOff,
  GitFork,
  HardDrive,
  type LucideIcon,
  Smartphone,
  UserRoundX,
} from 'lucide-react';
import { useLocation } from 'wouter';

import { cx } from '../components/cx.ts';
import { useStatus } from '../kitchen.tsx';
import { wordsForChip } from '../text/sync.ts';
import { PUSHED_STATE } from '../use-sheet-param.ts';
import type { ChipIcon } from './chip-state.ts';
import css from './status-chip.module.css';
import { useChip } from './use-chip.ts';

const ICONS: Readonly<Record<ChipIcon, LucideIcon>> = {
  opening: ArrowDown,
  alert: CircleAlert,
  update: CircleFadingArrowUp,
  disk: HardDrive,
  'person-off': UserRoundX,
  phone: Smartphone,
  down: ArrowDown,
  'cloud-off': CloudOff,
  'cloud-alert': CloudAlert,
  up: ArrowUp,
  saved: Check,
  'cloud-check': CloudCheck,
};

export function StatusChip({ compact = false }: { readonly compact?: boolean }) {
  const chip = useChip();
  const { held } = useStatus();
  const [, navigate] = useLocation();
  const Icon = ICONS[chip.icon];
  const open = () => navigate('/sync', { state: PUSHED_STATE });
  return (
    <div className={cx(css['chips'], compact && css['compact'])}>
      <button
        type="button"
        className={cx(css['chip'], css[chip.tone])}
        data-sync-state={chip.kind}
        title={chip.below}
        aria-label={wordsForChip.openPanel(chip.words)}
        onClick={open}
      >
        <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
        {compact ? null : (
          <span key={chip.words} className={cx(css['words'], chip.fades && css['fades'])}>
            {chip.words}
          </span>
        )}
        {compact && chip.count > 0 ? <span className={css['count']}>{chip.count}</span> : null}
      </button>
      {held > 0 ? (
        <button
          type="button"
          className={cx(css['chip'], css['conflict'])}
          aria-label={wordsForChip.held(held)}
          onClick={open}
        >
          <GitFork size={20} strokeWidth={1.75} aria-hidden="true" />
          {compact ? (
            <span className={css['count']}>{held}</span>
          ) : (
            <span className={css['words']}>{wordsForChip.held(held)}</span>
          )}
        </button>
      ) : null}
      <output className="spoken" data-sync-words="">
        {chip.words}
      </output>
    </div>
  );
}

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
  CircleStop,
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
import { wordsForChoices } from '../text/choices.ts';
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
  const { held, choices } = useStatus();
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
      {choices > 0 ? (
        <Waiting
          icon={GitFork}
          count={choices}
          words={wordsForChoices.count(choices)}
          tone="conflict"
          compact={compact}
          onClick={() => navigate('/choices')}
        />
      ) : null}
      {held > 0 ? (
        <Waiting
          icon={CircleStop}
          count={held}
          words={wordsForChip.held(held)}
          tone="error"
          compact={compact}
          onClick={open}
        />
      ) : null}
      <output className="spoken" data-sync-words="">
        {chip.words}
      </output>
    </div>
  );
}

/** What stands beside the state, never instead of it. */
function Waiting(props: {
  readonly icon: LucideIcon;
  readonly count: number;
  readonly words: string;
  readonly tone: 'conflict' | 'error';
  readonly compact: boolean;
  readonly onClick: () => void;
}) {
  const { icon: Icon, count, words, tone, compact, onClick } = props;
  return (
    <button
      type="button"
      className={cx(css['chip'], css[tone])}
      aria-label={words}
      data-waiting={tone}
      onClick={onClick}
    >
      <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
      <span className={compact ? css['count'] : css['words']}>{compact ? count : words}</span>
    </button>
  );
}

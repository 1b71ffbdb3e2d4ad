/** One quiet line when a new version waits. Never in the way, never by itself. */
import { CircleFadingArrowUp } from 'lucide-react';

import { wordsForFrame } from '../text/frame.ts';
import { useUpdate } from '../update-notice.ts';
import css from './update-line.module.css';

export function UpdateLine() {
  const reload = useUpdate();
  if (reload === null) return null;
  return (
    <button type="button" className={css['line']} onClick={reload}>
      <CircleFadingArrowUp size={18} strokeWidth={1.75} aria-hidden="true" />
      <span>{wordsForFrame.updateReady}</span>
    </button>
  );
}

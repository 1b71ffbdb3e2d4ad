/**
 * The hollow dot on something that the household has not got yet, seen after a minute of that: most things
 * are sent sooner and a mark would only flicker. Without an account nothing is ever sent, so nothing is
 * marked.
 */
import { useEffect, useState } from 'react';

import { useStatus } from '../kitchen.tsx';
import { wordsForFrame } from '../text/frame.ts';
import css from './unsent-dot.module.css';

/** `app.md` §5.1: a row unsent for 60 s is marked. */
const markAfterMs = 60_000;

export function UnsentDot() {
  const { phase } = useStatus();
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSeen(true), markAfterMs);
    return () => clearTimeout(timer);
  }, []);
  if (!seen || phase === 'local-only' || phase === 'memory-only') return null;
  return (
    <span className={css['dot']} title={wordsForFrame.unsent}>
      <span className="spoken">{wordsForFrame.unsent}</span>
    </span>
  );
}

/**
 * One run at a time, for forms that wait for the disk: a second press while the first is on its way does
 * nothing. `busy` disables the button; the guard itself does not wait for React to draw that.
 */
import { useState } from 'react';

import { createTurnstile } from './turnstile.ts';

export function useBusy(): readonly [busy: boolean, once: (work: () => Promise<unknown>) => void] {
  const [busy, setBusy] = useState(false);
  const [turnstile] = useState(() => createTurnstile(setBusy));
  return [busy, (work) => void turnstile(work)];
}

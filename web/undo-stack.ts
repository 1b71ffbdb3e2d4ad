/**
 * The acts of this tab that can be undone, newest last, fifty deep. Kept in session storage, so a reload
 * does not lose them; another tab has its own.
 */
const KEY = 'larder:undo';
const DEPTH_MAX = 50;

export function rememberAct(actId: string): void {
  write([...read(), actId].slice(-DEPTH_MAX));
}

/** Takes the newest act off the stack. */
export function takeLastAct(): string | undefined {
  const acts = read();
  const last = acts.at(-1);
  if (last !== undefined) write(acts.slice(0, -1));
  return last;
}

export function forgetAct(actId: string): void {
  write(read().filter((act) => act !== actId));
}

function read(): readonly string[] {
  const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  return Array.isArray(stored) ? stored.filter((act) => typeof act === 'string') : [];
}

function write(acts: readonly string[]): void {
  sessionStorage.setItem(KEY, JSON.stringify(acts));
}

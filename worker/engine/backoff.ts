/** How long to wait before trying again: doubling, bounded, with full jitter. */

export interface BackoffRule {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Tries of one request (`protocol.md` §11.13). */
export const REQUEST_BACKOFF: BackoffRule = { firstMs: 150, mostMs: 1500 };
export const REQUEST_TRIES_MAX = 3;
/** A longer wait than this asked by the server is for the background loop, not for a request. */
export const RETRY_AFTER_MAX_MS = 30_000;

/** Rounds of the background loop and reconnections of the watch stream (§11.14). */
export const ROUND_BACKOFF: BackoffRule = { firstMs: 1000, mostMs: 60_000 };

/** `attempt` counts from 0; `random` is in [0, 1). Never zero, so that nothing spins. */
export function backoffMs(rule: BackoffRule, attempt: number, random: number): number {
  const bound = Math.min(rule.mostMs, rule.firstMs * 2 ** Math.min(attempt, 20));
  return Math.max(rule.firstMs / 10, Math.ceil(bound * random));
}

/** `Retry-After` of a capacity answer in milliseconds; null when it is unusable. */
export function parseRetryAfterMs(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  if (!/^[0-9]{1,9}$/.test(trimmed)) return null;
  const seconds = Number(trimmed);
  return seconds > 0 ? seconds * 1000 : null;
}

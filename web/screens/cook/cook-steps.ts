/**
 * Times that a step names ("bake 40 minutes"), so that cook mode can offer a timer without anyone having
 * set one. A stored timer wins. Pure; ranges take the first number, because one can always wait longer.
 */
const time =
  /(?<![\d.,/])(\d{1,3})(?:\s*(?:-|–|to)\s*\d{1,3})?\s*-?\s*(hours?|hrs?|minutes?|mins?|seconds?|secs?)\b/iu;

export const timerSecondsMax = 86_400;

const secondsPer = (unit: string): number => {
  if (/^h/iu.test(unit)) return 3600;
  return /^m/iu.test(unit) ? 60 : 1;
};

/** Seconds of the first time in the words, or null when there is none. */
export const findTimerSeconds = (wording: string): number | null => {
  const [, amount, unit] = time.exec(wording) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const seconds = Number(amount) * secondsPer(unit);
  return seconds >= 1 && seconds <= timerSecondsMax ? seconds : null;
};

/** "4:05", "1:00:00". */
export const clockText = (seconds: number): string => {
  const left = Math.max(0, Math.ceil(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(left / 3600);
  const rest = `${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
  return hours > 0 ? `${String(hours)}:${rest}` : rest.replace(/^0/u, '');
};

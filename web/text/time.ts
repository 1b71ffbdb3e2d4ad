/** Moments as people say them: the time today, "Yesterday", else the date. Exact ones for tooltips. */
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayOfYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function clockTime(instant: string): string {
  return clock.format(new Date(instant));
}

export function exactTime(instant: string): string {
  return exact.format(new Date(instant));
}

const DAY_MS = 86_400_000;

/** `Today`, `Yesterday`, `Friday 20 November`, in the zone of this device. */
export function dayHeading(instant: string, nowMs: number): string {
  const at = new Date(instant);
  if (isSameDay(at, new Date(nowMs))) return 'Today';
  if (isSameDay(at, new Date(nowMs - DAY_MS))) return 'Yesterday';
  return dayOfYear.format(at);
}

function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

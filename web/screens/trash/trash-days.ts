/** How long a recipe still stays in the Trash: thirty days from when it was put there (`app.md` §3.5, J1). */
const dayMs = 24 * 60 * 60 * 1000;
const trashDaysMax = 30;

/** Whole days, rounded up, never below 0; a moment that cannot be read counts as just now. */
export const trashDaysLeft = (trashedAt: string, nowMs: number): number => {
  const trashedMs = Date.parse(trashedAt);
  if (Number.isNaN(trashedMs)) return trashDaysMax;
  return Math.max(0, Math.ceil((trashedMs + trashDaysMax * dayMs - nowMs) / dayMs));
};

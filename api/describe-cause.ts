/** The driver's messages may quote rows, so a cause is kept as its kind, state and place only. */
export function describeCause(cause: unknown): { error: string; code?: string; at: string[] } {
  if (!(cause instanceof Error)) return { error: typeof cause, at: [] };
  const code = 'code' in cause && typeof cause.code === 'string' ? { code: cause.code } : {};
  const at = cause.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return { error: cause.name, ...code, at: at.slice(0, 6).map((line) => line.trim()) };
}

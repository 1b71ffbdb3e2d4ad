/**
 * What a device is called in the household's history when its session has no name: the family of its
 * system, from the user agent. Nothing finer, so that it stays a word and never becomes a fingerprint.
 */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android.*Mobile/, 'Android phone'],
  [/Android/, 'Android tablet'],
  [/CrOS/, 'Chromebook'],
  [/Windows/, 'Windows'],
  [/Macintosh|Mac OS X/, 'Mac'],
  [/Linux/, 'Linux'],
];

export function deviceLabelOf(request: Request): string | null {
  const agent = request.headers.get('user-agent') ?? '';
  return FAMILIES.find(([pattern]) => pattern.test(agent))?.[1] ?? null;
}

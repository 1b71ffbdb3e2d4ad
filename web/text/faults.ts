/** Why a value cannot be kept, beside its field: a word for every reason an act may give. */
const FAULTS: ReadonlyMap<string, string> = new Map([
  ['missing', 'This is still empty.'],
  ['too-long', 'This is too long.'],
  ['too-short', 'This is too short.'],
  ['characters', 'This contains characters that cannot be kept.'],
  ['wrong-kind', 'This cannot be read.'],
  ['out-of-range', 'This number is too small or too large.'],
  ['not-a-choice', 'This is not one of the choices.'],
  ['not-a-day', 'This is not a day.'],
  ['not-an-instant', 'This is not a moment in time.'],
  ['not-an-id', 'This cannot be found.'],
  ['not-an-address', 'A web address begins with http:// or https://'],
  ['too-many-bytes', 'This file is too large.'],
  ['taken', 'There is one with this name already.'],
]);

export const wordsForFault = (reason: string): string =>
  FAULTS.get(reason) ?? 'This cannot be kept.';

/**
 * The exact bytes that are hashed: RFC 8785 (JCS).
 *
 * No whitespace. Members of an object are sorted by the UTF-16 code units of their names, which is how
 * `<` compares strings. Strings escape only `"`, `\` and the controls below U+0020
 * (`\b \t \n \f \r` in short form, the others as `\u00xx` in lower hex), which is what `JSON.stringify`
 * does to a well-formed string. Numbers are printed as ECMAScript prints them, with -0 as `0`. Lone
 * surrogates, numbers that are not finite, and anything that is not JSON are refused.
 *
 * The result is text; its UTF-8 is what is hashed. Members whose value is `undefined` are left out, as
 * `JSON.stringify` does, so that optional members need no special care.
 */
import { assert } from '../assert.ts';
import { isWellFormed } from '../bytes.ts';
import { limits } from '../limits.ts';

/** What a string may hold that is not spelled as it is. */
// oxlint-disable-next-line no-control-regex
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

export function canonicalString(text: string): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  assert(isWellFormed(text), 'canonical JSON has no form for a lone surrogate');
  return JSON.stringify(text);
}

export function canonicalJson(value: unknown, depth = 0): string {
  assert(depth <= limits.request.nestingMax * 2, 'canonical JSON is nested too deeply');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'canonical JSON has no form for a number that is not finite');
    return String(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  }
  assert(typeof value === 'object', `canonical JSON has no form for a ${typeof value}`);
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members).sort((a, b) => (a < b ? -1 : 1));
  const parts: string[] = [];
  for (const name of names) {
    const member = members[name];
    if (member === undefined) continue;
    parts.push(`${canonicalString(name)}:${canonicalJson(member, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

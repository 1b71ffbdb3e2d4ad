/**
 * Hexadecimal, base64 and UTF-8 without host globals. Decoding is strict: what does not encode back to
 * exactly the same text is refused (null), so that one value has one spelling on the wire.
 */

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const codesOf = (alphabet: string): ReadonlyMap<string, number> =>
  new Map(Array.from(alphabet, (letter, code) => [letter, code]));

const HEX_CODES = codesOf(HEX);
const BASE64_CODES = codesOf(BASE64);

export function hexEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  return text;
}

/** Lower case only. */
export function hexDecode(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = HEX_CODES.get(text.charAt(index * 2));
    const low = HEX_CODES.get(text.charAt(index * 2 + 1));
    if (high === undefined || low === undefined) return null;
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

/** Standard alphabet, padded. */
export function base64Encode(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let index = 0; index < bytes.length; index += 3) {
    const a = bytes[index] ?? 0;
    const b = bytes[index + 1] ?? 0;
    const c = bytes[index + 2] ?? 0;
    const left = bytes.length - index;
    parts.push(
      BASE64.charAt(a >> 2) +
        BASE64.charAt(((a & 3) << 4) | (b >> 4)) +
        (left > 1 ? BASE64.charAt(((b & 15) << 2) | (c >> 6)) : '=') +
        (left > 2 ? BASE64.charAt(c & 63) : '='),
    );
  }
  return parts.join('');
}

/** Refuses missing padding, other alphabets, white space and stray bits behind the last byte. */
export function base64Decode(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  let bits = 0;
  let bitCount = 0;
  for (let index = 0; index < letters; index += 1) {
    const code = BASE64_CODES.get(text.charAt(index));
    if (code === undefined) return null;
    bits = ((bits << 6) | code) & 0xfff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[at] = (bits >> bitCount) & 0xff;
      at += 1;
    }
  }
  return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : null;
}

/** Length in UTF-8 of a well-formed string. */
export function utf8Length(text: string): number {
  let size = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) size += 1;
    else if (code < 0x800) size += 2;
    else if (code >= 0xd800 && code < 0xdc00) {
      size += 4;
      index += 1;
    } else size += 3;
  }
  return size;
}

/** UTF-8 of a well-formed string; `utf8Length` long. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  const push = (byte: number): void => {
    bytes[at] = byte;
    at += 1;
  };
  for (let index = 0; index < text.length; index += 1) {
    let code = text.charCodeAt(index);
    if (code >= 0xd800 && code < 0xdc00) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(index + 1) - 0xdc00);
      index += 1;
    }
    if (code < 0x80) push(code);
    else if (code < 0x800) {
      push(0xc0 | (code >> 6));
      push(0x80 | (code & 63));
    } else if (code < 0x10000) {
      push(0xe0 | (code >> 12));
      push(0x80 | ((code >> 6) & 63));
      push(0x80 | (code & 63));
    } else {
      push(0xf0 | (code >> 18));
      push(0x80 | ((code >> 12) & 63));
      push(0x80 | ((code >> 6) & 63));
      push(0x80 | (code & 63));
    }
  }
  return bytes;
}

/** No half surrogate pair. */
export function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0xd800 || code > 0xdfff) continue;
    if (code > 0xdbff) return false;
    const next = text.charCodeAt(index + 1);
    if (!(next >= 0xdc00 && next <= 0xdfff)) return false;
    index += 1;
  }
  return true;
}

/** Neither U+0000 nor half a surrogate pair: what every part of the system can carry. */
export const isSendableText = (text: string): boolean =>
  !text.includes('\u0000') && isWellFormed(text);

export function areBytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

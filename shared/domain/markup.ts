/**
 * Text out of markup, without a browser's parser: tags are dropped (line and block ends become new lines),
 * entities decoded, control characters removed. A "<" that begins no tag ("<1 litre of milk") is text.
 */

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  deg: '°',
  frac12: '½',
  frac14: '¼',
  frac34: '¾',
  frac13: '⅓',
  frac23: '⅔',
  frac18: '⅛',
  frac38: '⅜',
  frac58: '⅝',
  frac78: '⅞',
  half: '½',
  frasl: '⁄',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  times: '×',
  eacute: 'é',
  egrave: 'è',
  ecirc: 'ê',
  agrave: 'à',
  acirc: 'â',
  aacute: 'á',
  iacute: 'í',
  oacute: 'ó',
  uacute: 'ú',
  ntilde: 'ñ',
  ccedil: 'ç',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  aring: 'å',
  oslash: 'ø',
  shy: '',
};

const ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,9}));/gu;

function characterOf(code: number): string {
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code === 0 || surrogate || code > 0x10_ff_ff ? '' : String.fromCodePoint(code);
}

export const decodeEntities = (text: string): string =>
  text.replace(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return characterOf(Number(decimal));
    if (hex !== undefined) return characterOf(Number.parseInt(hex, 16));
    return NAMED[name ?? ''] ?? whole;
  });

const COMMENT = /<!--[\s\S]*?-->/gu;
const UNSEEN = /<(script|style)\b[^>]*>[\s\S]*?<\/\1\s*>/giu;
const BREAK = /<(?:br|hr)\b[^>]*>|<\/(?:p|div|li|ul|ol|h[1-6]|tr|section|article)\s*>/giu;
const TAG = /<\/?[a-zA-Z][a-zA-Z0-9-]{0,20}(?:\s[^<>]*|\/)?>/gu;
/** "1<sup>1</sup>/<sub>2</sub>" is not eleven halves. */
const RAISED = /(?<=\d)(?=<sup\b)/giu;
const UNSEEN_CHARACTERS = /(?![\n\t])\p{Cc}|\p{Surrogate}/gu;

/** Words only; new lines where lines ended. Text without markup comes back as it was, but for controls. */
export function plainText(markup: string): string {
  const words = markup.includes('<')
    ? markup
        .replace(COMMENT, '')
        .replace(UNSEEN, '')
        .replace(RAISED, ' ')
        .replace(BREAK, '\n')
        .replace(TAG, '')
    : markup;
  const decoded = words.includes('&') ? decodeEntities(words) : words;
  return decoded.replace(/\r\n?/gu, '\n').replace(UNSEEN_CHARACTERS, '').normalize('NFC').trim();
}

/** As `plainText`, on one line. */
export const plainLine = (markup: string): string =>
  plainText(markup)
    .replace(/\s*\n\s*/gu, ' ')
    .trim();

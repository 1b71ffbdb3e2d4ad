/**
 * What another app shares with Larder: how it travels from the service worker to the page, and what becomes
 * of it. Pure; nothing is written by sharing, it only fills in a field for the person to look at.
 */

/** Where the system posts to (`share_target` of the manifest), and the page that takes it up. */
export const SHARE_PATH = '/share';
/** Instead of a draft: more was shared than one draft holds. */
export const TOO_LARGE = '?too-large';
/** A cache of its own: it outlives the worker and a restart, until a page has taken the draft. */
export const SHARED_CACHE = 'larder-shared';
/** More is a file, and files come in by import. */
export const SHARED_CHARACTERS_MAX = 1_000_000;

/** The form fields that the manifest names; absent ones are empty. */
export interface Shared {
  readonly title: string;
  readonly text: string;
  readonly url: string;
}

export type SharedUse =
  /** Source of a recipe: the import shows what it makes of it. */
  | { readonly type: 'source'; readonly text: string }
  /** A page that cannot be read from here: a recipe begins with what is known of it. */
  | ({ readonly type: 'link' } & SharedPage)
  | { readonly type: 'lines'; readonly text: string }
  | { readonly type: 'nothing' };

export interface SharedPage {
  readonly title: string;
  readonly link: string;
  /** Every word beside title and link. */
  readonly notes: string;
}

/** Many apps put the link at the end of the text and leave `url` empty. */
const ENDS_WITH_LINK = /^([\s\S]*?)\s*(https?:\/\/\S+)$/;
/** Source of a page, or of its recipe as JSON. "[ ] milk" and "<3" are neither. */
const SOURCE = /^(?:<[a-z!?]|(?:\[\s*)?\{\s*")/i;

export function sortShared(shared: Shared): SharedUse {
  const [title, text, url] = [tidy(shared.title), tidy(shared.text), tidy(shared.url)];
  if (SOURCE.test(text)) return { type: 'source', text };
  const link = /^https?:\/\//.test(url) ? url : ENDS_WITH_LINK.exec(text)?.[2];
  if (link !== undefined) {
    const words = text.endsWith(link) ? text.slice(0, -link.length).trim() : text;
    const [first = '', ...others] = onceEach(title, words, '\n').split('\n');
    return { type: 'link', title: first.trim(), link, notes: others.join('\n').trim() };
  }
  // One line can still be changed in the field; several are added or discarded.
  const lines = onceEach(title, text, text.includes('\n') ? '\n' : ', ');
  return lines === '' ? { type: 'nothing' } : { type: 'lines', text: lines };
}

/** A form sends every line break as two characters. */
const tidy = (text: string): string => text.replace(/\r\n?/g, '\n').trim();

/** One behind the other; many apps give the title twice. */
function onceEach(title: string, text: string, between: string): string {
  if (title === '' || text === title || text.startsWith(`${title}\n`)) return text;
  return text === '' ? title : `${title}${between}${text}`;
}

/** Null for anything that is not a draft of ours. */
export function readShared(written: string): Shared | null {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { title, text, url } = value as Record<string, unknown>;
  if (typeof title !== 'string' || typeof text !== 'string' || typeof url !== 'string') return null;
  return { title, text, url };
}

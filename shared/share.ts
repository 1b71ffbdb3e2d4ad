/**
 * What another app shares with Larder: how it travels from the service worker to the page, and what becomes
 * of it. Pure; nothing is written by sharing, it only fills in a field for the person to look at.
 */

/** Where the system posts to (`share_target` of the manifest), and the page that takes it up. */
export const SHARE_PATH = '/share';
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
  /** A page that cannot be read from here: a recipe begins with its title and link. */
  | { readonly type: 'link'; readonly title: string; readonly link: string }
  | { readonly type: 'lines'; readonly text: string }
  | { readonly type: 'nothing' };

/** Many apps put the link at the end of the text and leave `url` empty. */
const ENDS_WITH_LINK = /^([\s\S]*?)\s*(https?:\/\/\S+)$/;

export function sortShared(shared: Shared): SharedUse {
  const [title, text, url] = [shared.title.trim(), shared.text.trim(), shared.url.trim()];
  if (/^[{[<]/.test(text)) return { type: 'source', text };
  const [, words = text, ending = ''] = ENDS_WITH_LINK.exec(text) ?? [];
  const link = /^https?:\/\//.test(url) ? url : ending;
  if (link !== '') {
    const [firstLine = ''] = (title === '' ? words : title).split('\n');
    return { type: 'link', title: firstLine, link };
  }
  const lines = text === '' ? title : text;
  return lines === '' ? { type: 'nothing' } : { type: 'lines', text: lines };
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

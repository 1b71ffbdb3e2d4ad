/**
 * Answers what other apps share with the installed Larder, with or without a network: the draft is kept in a
 * cache, and the page that opens takes it from there. It never reaches the server, not even as an address.
 */
import {
  SHARE_PATH,
  SHARED_CACHE,
  SHARED_CHARACTERS_MAX,
  type Shared,
  TOO_LARGE,
} from '../shared/share.ts';

/** Always a page: whoever shared something must not look at an error. */
export async function takeShared(request: Request): Promise<Response> {
  const shared = await readForm(request);
  const length = shared.title.length + shared.text.length + shared.url.length;
  const path =
    length > SHARED_CHARACTERS_MAX
      ? `${SHARE_PATH}${TOO_LARGE}`
      : await keep(JSON.stringify(shared));
  return Response.redirect(new URL(path, request.url).href, 303);
}

/** The page that finds it. */
async function keep(draft: string): Promise<string> {
  const path = `${SHARE_PATH}?draft=${crypto.randomUUID()}`;
  try {
    const cache = await caches.open(SHARED_CACHE);
    await cache.put(path, new Response(draft));
    return path;
  } catch {
    // No room on the disk: it travels behind the address, in the part that no server is sent.
    return `${path}#${encodeURIComponent(draft)}`;
  }
}

async function readForm(request: Request): Promise<Shared> {
  const form = await request.formData().catch(() => new FormData());
  const textOf = (name: string): string => {
    const value = form.get(name);
    return typeof value === 'string' ? value : '';
  };
  return { title: textOf('title'), text: textOf('text'), url: textOf('url') };
}

/**
 * Cookie requests to `/sync/*` come from a script of this origin, or not at all (protocol.md §1.3): a
 * `Sec-Fetch-Site` that is there is `same-origin`, an `Origin` that is there is ours, and a request that
 * changes something has at least one of the two. Bearer requests carry nothing that another site could
 * use and are not asked.
 */
export function isFromOurOrigin(
  request: Request,
  originsOf: (request: Request) => readonly string[],
): boolean {
  const { headers } = request;
  if (headers.has('authorization')) return true;
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  if (site !== null && site !== 'same-origin') return false;
  if (origin !== null && !originsOf(request).includes(origin)) return false;
  const isChange = request.method !== 'GET' && request.method !== 'HEAD';
  return !isChange || site !== null || origin !== null;
}

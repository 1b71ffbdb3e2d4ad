/** A protocol client without a device: an account of its own and pushes in one request, for the benches. */
import { must } from '../../shared/assert.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { Person } from '../e2e/fixtures.ts';

export async function checked(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return text;
}

export interface Source {
  readonly headers: Readonly<Record<string, string>>;
  push(sourceBundleId: number, after: number, rows: readonly PushRequestRow[]): Promise<string>;
}

/** Signs a person up; every call makes one more source of the household, joined and ready. */
export async function signUpOverHttp(
  baseUrl: string,
  person: Person,
): Promise<() => Promise<Source>> {
  const post = (path: string, headers: Readonly<Record<string, string>>, body: unknown) =>
    fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = { 'content-type': 'application/json', origin: baseUrl };
  const signedUp = await post('/api/auth/sign-up/email', json, person);
  await checked(signedUp);
  const cookie = must(signedUp.headers.getSetCookie()[0]?.split(';')[0], 'a session');
  return async () => {
    const headers = {
      ...json,
      cookie,
      'oversync-source-id': crypto.randomUUID(),
      'oversync-extensions': 'single_request_push',
    };
    await checked(await post('/sync/connect', headers, {}));
    return {
      headers,
      push: async (sourceBundleId, after, rows) =>
        checked(
          await post('/sync/push', headers, {
            source_bundle_id: sourceBundleId,
            canonical_request_hash: canonicalRequestHash(rows).hash,
            after_bundle_seq: after,
            rows,
          }),
        ),
    };
  };
}

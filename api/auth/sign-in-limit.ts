/**
 * How many sign-ins one account takes in a quarter of an hour, whoever tries: better-auth counts by address
 * only, and who has many addresses would have as many tries. Counted in the database, so that all processes
 * count together; the key is an HMAC of the e-mail address, so that reading the table names nobody. The bound is
 * wider than that of an address, because a stranger must not be able to lock somebody out by a few wrong tries.
 */
import { createHmac, randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';

const windowMs = 15 * 60_000;
const timesAddressLimit = 5;

export interface SignInLimit {
  /** Counts one try; how many seconds to wait when there were too many, null when it may go on. */
  take(email: string): Promise<number | null>;
}

export function createSignInLimit(sql: Sql, secret: string, perAddressMax: number): SignInLimit {
  const triesMax = perAddressMax * timesAddressLimit;
  return {
    take: async (email) => {
      const name = createHmac('sha256', secret).update(email.trim().toLowerCase()).digest('hex');
      const nowMs = Date.now();
      // What has run out is forgotten with the next try of anybody.
      await sql`delete from auth.rate_limit
        where key like 'account|%' and last_request <= ${nowMs - windowMs}`;
      const [row] = await sql<{ count: number; last_request: string }[]>`
        insert into auth.rate_limit as r (id, key, count, last_request)
        values (${randomUUID()}, ${`account|${name}`}, 1, ${nowMs})
        on conflict (key) do update set count = r.count + 1
        returning count, last_request`;
      if (row === undefined || row.count <= triesMax) return null;
      return Math.max(1, Math.ceil((Number(row.last_request) + windowMs - nowMs) / 1000));
    },
  };
}

/** The address that a sign-in names; null for what is no sign-in, or names none. */
export async function readSignInEmail(request: Request): Promise<string | null> {
  if (!new URL(request.url).pathname.endsWith('/sign-in/email')) return null;
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => null);
  if (typeof body !== 'object' || body === null || !('email' in body)) return null;
  return typeof body.email === 'string' ? body.email : null;
}

/**
 * Joining a household. An invitation is a short code, shown once, good for 10 minutes and one use;
 * only its hash is kept. Whoever joins leaves the household they were in: its rows stay under it, and
 * what the joining device holds locally is offered to the new one by the device itself.
 */
import { createHash, randomInt } from 'node:crypto';
import type { Sql } from 'postgres';
import { type Result, err, ok } from '../../shared/result.ts';

/** No vowels (no words) and no look-alikes. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const codeLength = 8;

export interface Households {
  /** For the household of `accountId`; null when the account has none. */
  invite(accountId: string): Promise<{ code: string; expiresInSeconds: number } | null>;
  join(accountId: string, code: string): Promise<Result<{ householdId: string }, 'unknown-code'>>;
}

const lifetimeSeconds = 600;

function hashCode(code: string): string {
  const plain = code.toUpperCase().replaceAll(/[^A-Z]/g, '');
  return createHash('sha256').update(plain).digest('hex');
}

export function createHouseholds(sql: Sql): Households {
  return {
    async invite(accountId) {
      const picked = Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]);
      const code = `${picked.slice(0, 4).join('')}-${picked.slice(4).join('')}`;
      const made = await sql`
        insert into auth.household_invite (code_hash, household_id, expires_at)
        select ${hashCode(code)}, household_id, now() + make_interval(secs => ${lifetimeSeconds})
        from auth.membership where account_id = ${accountId}`;
      return made.count === 1 ? { code, expiresInSeconds: lifetimeSeconds } : null;
    },

    async join(accountId, code) {
      // One statement: the code is used up exactly when the membership changes.
      const [joined] = await sql<{ household_id: string }[]>`
        with used as (
          delete from auth.household_invite
          where code_hash = ${hashCode(code)} returning household_id, expires_at
        )
        insert into auth.membership (account_id, household_id)
        select ${accountId}::uuid, household_id from used where expires_at > now()
        on conflict (account_id) do update set household_id = excluded.household_id, joined_at = now()
        returning household_id`;
      return joined === undefined ? err('unknown-code') : ok({ householdId: joined.household_id });
    },
  };
}

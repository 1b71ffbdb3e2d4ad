import { expect, test } from 'vitest';

import { failureOf, readAccount } from './account.ts';

test('[UI-29] who is signed in is read from the answer or refused as a whole', () => {
  expect(
    readAccount({
      account: { id: 'a', name: 'Ana', email: 'ana@example.test' },
      household: { id: 'h', name: "Ana's household" },
    }),
  ).toEqual({
    accountId: 'a',
    name: 'Ana',
    email: 'ana@example.test',
    householdId: 'h',
    householdName: "Ana's household",
  });
  expect(readAccount({ account: { id: 'a' } })).toBeNull();
  expect(readAccount(null)).toBeNull();
});

test('[UI-29] refusals of the account server have a kind of their own', () => {
  expect(failureOf(401, { code: 'INVALID_EMAIL_OR_PASSWORD' })).toEqual({ type: 'wrong-password' });
  expect(failureOf(422, { code: 'USER_ALREADY_EXISTS' })).toEqual({ type: 'taken' });
  expect(failureOf(429, null)).toEqual({ type: 'too-many-tries' });
  expect(failureOf(503, null)).toEqual({ type: 'unreachable' });
  expect(failureOf(500, null)).toEqual({ type: 'refused', detail: '500' });
});

/**
 * Accounts, as calls to the server on this origin: sign up, sign in, sign out, who am I. These need a
 * network and say so; every outcome is a value. The session is a cookie that scripts cannot read. What the
 * answers mean for the local kitchen is decided by `Kitchen.attach` and `detach`, not here.
 */
import { err, ok, type Result } from '../shared/result.ts';
import type { Account } from '../shared/rpc.ts';

export type AccountFailure =
  | { readonly type: 'unreachable' }
  | { readonly type: 'wrong-password' }
  | { readonly type: 'taken' }
  | { readonly type: 'weak-password' }
  | { readonly type: 'invalid-email' }
  | { readonly type: 'too-many-tries' }
  | { readonly type: 'signed-out' }
  | { readonly type: 'refused'; readonly detail: string };

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** A server that says nothing for this long is as good as none. */
const ANSWER_WITHIN_MS = 20_000;

export async function signUp(
  name: string,
  credentials: Credentials,
): Promise<Result<Account, AccountFailure>> {
  const answer = await post('/api/auth/sign-up/email', { name, ...credentials });
  return answer.ok ? await whoAmI() : answer;
}

export async function signIn(credentials: Credentials): Promise<Result<Account, AccountFailure>> {
  const answer = await post('/api/auth/sign-in/email', { ...credentials });
  return answer.ok ? await whoAmI() : answer;
}

export async function signOut(): Promise<Result<null, AccountFailure>> {
  const answer = await post('/api/auth/sign-out', {});
  return answer.ok ? ok(null) : answer;
}

export async function whoAmI(): Promise<Result<Account, AccountFailure>> {
  const answer = await call('/api/me', { method: 'GET' });
  if (!answer.ok) return answer;
  const account = readAccount(answer.value);
  return account ? ok(account) : err({ type: 'refused', detail: 'unexpected answer' });
}

function post(path: string, body: unknown): Promise<Result<unknown, AccountFailure>> {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function call(path: string, init: RequestInit): Promise<Result<unknown, AccountFailure>> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    body = parseJson(await response.text());
  } catch {
    return err({ type: 'unreachable' });
  }
  return response.ok ? ok(body) : err(failureOf(response.status, body));
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

const FAILURE_BY_CODE: ReadonlyMap<string, AccountFailure> = new Map<string, AccountFailure>([
  ['INVALID_EMAIL_OR_PASSWORD', { type: 'wrong-password' }],
  ['USER_ALREADY_EXISTS', { type: 'taken' }],
  ['USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL', { type: 'taken' }],
  ['PASSWORD_TOO_SHORT', { type: 'weak-password' }],
  ['INVALID_EMAIL', { type: 'invalid-email' }],
]);

export function failureOf(status: number, body: unknown): AccountFailure {
  const code = textAt(body, 'code') ?? '';
  const known = FAILURE_BY_CODE.get(code);
  if (known) return known;
  if (status === 429) return { type: 'too-many-tries' };
  if (status === 401) return { type: 'signed-out' };
  if (status >= 502 && status <= 504) return { type: 'unreachable' };
  return { type: 'refused', detail: code === '' ? String(status) : code };
}

export function readAccount(body: unknown): Account | null {
  const person = recordAt(body, 'account');
  const household = recordAt(body, 'household');
  const accountId = textAt(person, 'id');
  const householdId = textAt(household, 'id');
  if (accountId === null || householdId === null) return null;
  return {
    accountId,
    name: textAt(person, 'name') ?? '',
    email: textAt(person, 'email') ?? '',
    householdId,
    householdName: textAt(household, 'name') ?? '',
  };
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> | null {
  if (typeof value !== 'object' || value === null) return null;
  const inner: unknown = (value as Readonly<Record<string, unknown>>)[key];
  return typeof inner === 'object' && inner !== null
    ? (inner as Readonly<Record<string, unknown>>)
    : null;
}

function textAt(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const inner: unknown = (value as Readonly<Record<string, unknown>>)[key];
  return typeof inner === 'string' ? inner : null;
}

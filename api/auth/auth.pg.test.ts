/** Accounts through the whole application, against a real Postgres: sign-up, sessions, refusals. */
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import pino from 'pino';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { createApp } from '../app.ts';
import { createOriginsOf } from '../origins.ts';
import { type Auth, createAuth, loadSecret } from './auth.ts';
import { createHouseholds } from './households.ts';

let database: TestDatabase;
let sql: postgres.Sql;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 4, onnotice: () => {} });
  await sql.unsafe(
    readFileSync(new URL('../db/migrations/0010-auth.sql', import.meta.url), 'utf8'),
  );
});

afterAll(async () => {
  await sql.end();
  await database.drop();
});

interface World {
  readonly app: Hono;
  readonly auth: Auth;
  readonly logged: string[];
}

function createWorld(
  options: { publicUrl?: string; signIns?: number; secret?: string } = {},
): World {
  const publicUrl = options.publicUrl ?? null;
  const originsOf = createOriginsOf(publicUrl);
  const auth = createAuth({
    sql,
    secret: options.secret ?? 'a secret for tests, long enough for it',
    baseUrl: publicUrl ?? 'http://localhost',
    secureCookies: publicUrl !== null,
    originsOf,
    signInsPerQuarterHour: options.signIns ?? 10_000,
  });
  const logged: string[] = [];
  const app = createApp({
    auth,
    households: createHouseholds(sql),
    originsOf,
    logger: pino({ base: null }, { write: (line: string) => void logged.push(line) }),
    lifecycle: { isStopping: () => false, isDatabaseWritable: async () => true },
    syncRoutes: new Hono(),
    staticFiles: new Map(),
    isHttps: publicUrl !== null,
    trustProxy: false,
  });
  return { app, auth, logged };
}

let people = 0;
const newPerson = (name: string) => {
  people += 1;
  return { name, email: `${name.toLowerCase()}-${people}@example.test`, password: 'ten letters' };
};

const local = 'http://localhost';
const pageHeaders = {
  host: 'localhost',
  origin: local,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/json',
};

async function post(
  app: Hono,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return app.request(`${local}${path}`, {
    method: 'POST',
    headers: { ...pageHeaders, ...headers },
    body: JSON.stringify(body),
  });
}

const cookieOf = (answer: Response): string =>
  answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';

async function me(app: Hono, headers: Record<string, string>): Promise<Response> {
  return app.request(`${local}/api/me`, { headers: { host: 'localhost', ...headers } });
}

async function signUp(app: Hono, person = newPerson('Ana')) {
  const answer = await post(app, '/api/auth/sign-up/email', person);
  expect(answer.status).toBe(200);
  return { person, cookie: cookieOf(answer) };
}

describe('accounts', () => {
  test('[AUTH-11] signing up makes the account and its household in one transaction', async () => {
    const { app, auth } = createWorld();
    const { person, cookie } = await signUp(app);
    const answer = await me(app, { cookie });
    expect(answer.status).toBe(200);
    const body = await answer.json();
    expect(body).toEqual({
      account: { id: expect.any(String), name: 'Ana', email: person.email },
      household: { id: expect.any(String), name: 'Ana’s household' },
    });
    const request = new Request(`${local}/sync/connect`, { headers: { cookie } });
    expect(await auth.authenticate(request)).toEqual({
      type: 'account',
      accountId: body.account.id,
      householdId: body.household.id,
      name: 'Ana',
    });
  });

  test('[AUTH-11] when the household cannot be made, neither is the account', async () => {
    const { app } = createWorld();
    await sql`alter table auth.household add constraint refused check (name not like 'Refused%')`;
    const person = newPerson('Refused');
    const answer = await post(app, '/api/auth/sign-up/email', person);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    await sql`alter table auth.household drop constraint refused`;
    expect(await sql`select 1 from auth.account where email = ${person.email}`).toHaveLength(0);
  });

  test('[AUTH-12] a password shorter than ten characters is refused and makes nothing', async () => {
    const { app } = createWorld();
    const person = { ...newPerson('Ben'), password: '123456789' };
    const answer = await post(app, '/api/auth/sign-up/email', person);
    expect(answer.status).toBe(400);
    expect(await sql`select 1 from auth.account where email = ${person.email}`).toHaveLength(0);
  });

  test('[AUTH-13] signing in gives a session, signing out ends it at the next request', async () => {
    const { app } = createWorld();
    const { person } = await signUp(app);
    const signedIn = await post(app, '/api/auth/sign-in/email', person);
    const cookie = cookieOf(signedIn);
    expect((await me(app, { cookie })).status).toBe(200);
    expect((await post(app, '/api/auth/sign-out', {}, { cookie })).status).toBe(200);
    expect((await me(app, { cookie })).status).toBe(401);
    const wrong = await post(app, '/api/auth/sign-in/email', {
      ...person,
      password: 'not the one',
    });
    expect(wrong.status).toBe(401);
  });

  test('[AUTH-13] without a session the answer is a typed 401', async () => {
    const { app } = createWorld();
    const answer = await me(app, {});
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({
      error: 'authentication_failed',
      message: expect.any(String),
    });
  });
});

describe('cookies and bearer tokens', () => {
  test('[AUTH-14] the cookie is HttpOnly, Lax and, away from loopback, __Host- and Secure', async () => {
    const plain = await post(createWorld().app, '/api/auth/sign-up/email', newPerson('Ana'));
    const plainCookie = plain.headers.getSetCookie()[0] ?? '';
    expect(plainCookie).toMatch(/^larder\.session_token=/);
    expect(plainCookie).toMatch(/HttpOnly/);
    expect(plainCookie).toMatch(/SameSite=Lax/);
    expect(plainCookie).not.toMatch(/Secure/);

    const origin = 'https://larder.example';
    const secure = await post(
      createWorld({ publicUrl: origin }).app,
      '/api/auth/sign-up/email',
      newPerson('Ana'),
      { host: 'larder.example', origin },
    );
    const cookie = secure.headers.getSetCookie()[0] ?? '';
    expect(cookie).toMatch(/^__Host-larder\.session_token=/);
    for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/']) {
      expect(cookie).toContain(attribute);
    }
    expect(cookie).not.toContain('Domain');
  });

  test('[AUTH-15] a bearer token works without a cookie, and a bad one never falls back to the cookie', async () => {
    const { app, auth } = createWorld();
    const person = newPerson('Ben');
    await signUp(app, person);
    // A client that is no page: it sends neither Origin nor Sec-Fetch-Site and gets the token.
    const signedIn = await app.request(`${local}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
      body: JSON.stringify(person),
    });
    const token = signedIn.headers.get('set-auth-token') ?? '';
    expect(token).not.toBe('');
    const cookie = cookieOf(signedIn);
    expect((await me(app, { authorization: `Bearer ${token}` })).status).toBe(200);

    const identity = async (headers: Record<string, string>) =>
      (await auth.authenticate(new Request(`${local}/sync/pull`, { headers }))).type;
    expect(await identity({ authorization: `Bearer ${token}` })).toBe('account');
    expect(await identity({ cookie })).toBe('account');
    for (const authorization of [`Bearer ${token}x`, 'Bearer ', 'Bearer a.b', 'Basic YTpi', 'x']) {
      expect(await identity({ authorization, cookie })).toBe('none');
      expect((await me(app, { authorization, cookie })).status).toBe(401);
    }
    const unsigned = token.split('.')[0] ?? '';
    expect(await identity({ authorization: `Bearer ${unsigned}` })).toBe('none');
  });

  test('[AUTH-244] what the session table holds lets nobody in without the secret, which may live elsewhere', async () => {
    const { app, auth } = createWorld();
    const { cookie } = await signUp(app);
    const identity = async (on: Auth, headers: Record<string, string>) =>
      (await on.authenticate(new Request(`${local}/sync/pull`, { headers }))).type;
    expect(await identity(auth, { cookie })).toBe('account');
    const rows = await sql<{ token: string }[]>`select token from auth.session`;
    expect(rows.length).toBeGreaterThan(0);
    // As it stands, and as somebody signs it who has the database but not the secret.
    const forger = createWorld({ secret: 'another secret for tests, also long enough' });
    const forged = cookieOf(await post(forger.app, '/api/auth/sign-up/email', newPerson('Eve')));
    expect(await identity(forger.auth, { cookie: forged })).toBe('account');
    expect(await identity(auth, { cookie: forged })).toBe('none');
    for (const { token } of rows) {
      expect(await identity(auth, { authorization: `Bearer ${token}` })).toBe('none');
      expect(await identity(auth, { cookie: `larder.session_token=${token}` })).toBe('none');
    }
  });

  test('[AUTH-16] a page never sees the token that its cookie holds', async () => {
    const { app } = createWorld();
    const answer = await post(app, '/api/auth/sign-up/email', newPerson('Ana'));
    expect(answer.headers.has('set-auth-token')).toBe(false);
  });
});

describe('other sites', () => {
  test.each([
    ['another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another loopback port', { origin: 'http://localhost:9999', 'sec-fetch-site': 'same-site' }],
    ['a rebound name', { host: 'evil.example', origin: 'http://evil.example' }],
    ['a null origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ])('[AUTH-17] a state change asked by %s is refused', async (_, headers) => {
    const { app } = createWorld();
    const person = newPerson('Ana');
    const answer = await post(app, '/api/auth/sign-up/email', person, headers);
    expect(answer.status).toBe(403);
    const { cookie } = await signUp(app);
    const signOut = await post(app, '/api/auth/sign-out', {}, { ...headers, cookie });
    expect(signOut.status).toBe(403);
    expect((await me(app, { cookie })).status).toBe(200);
    expect(await sql`select 1 from auth.account where email = ${person.email}`).toHaveLength(0);
  });

  test('[AUTH-17] a form of any site cannot sign anybody in', async () => {
    const { app } = createWorld();
    const answer = await app.request(`${local}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { ...pageHeaders, 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(answer.status).toBe(400);
  });

  test('[AUTH-18] only the listed account routes exist', async () => {
    const { app } = createWorld();
    for (const path of ['/api/auth/sign-in/social', '/api/auth/delete-user', '/api/auth/error']) {
      expect((await post(app, path, {})).status).toBe(404);
    }
  });
});

test('[AUTH-19] sign-ins are limited per address, in the database', async () => {
  await sql`delete from auth.rate_limit`;
  const { app } = createWorld({ signIns: 3 });
  const person = newPerson('Ana');
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const other = createWorld({ signIns: 3 }).app; // Another process on the same database.
    const via = attempt % 2 === 0 ? app : other;
    statuses.push((await post(via, '/api/auth/sign-in/email', person)).status);
  }
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
});

test('[AUTH-243] sign-ins are limited per account as well, whatever the address and the spelling', async () => {
  await sql`delete from auth.rate_limit`;
  const { app } = createWorld({ signIns: 2 });
  const { person } = await signUp(app);
  const other = await signUp(app, newPerson('Ben'));
  const tryAs = async (email: string, attempt: number): Promise<number> => {
    // Each try from an address of its own.
    await sql`delete from auth.rate_limit where key not like 'account|%'`;
    const answer = await post(app, '/api/auth/sign-in/email', {
      email: attempt % 2 === 0 ? email : ` ${email.toUpperCase()} `,
      password: 'not the one',
    });
    return answer.status;
  };
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 12; attempt += 1) {
    statuses.push(await tryAs(person.email, attempt));
  }
  expect(statuses.filter((status) => status !== 429)).toHaveLength(10);
  expect(statuses.slice(10)).toEqual([429, 429]);
  // Nobody else is kept out, and the table names nobody.
  expect(await tryAs(other.person.email, 0)).toBe(401);
  const rows = await sql<{ key: string }[]>`select key from auth.rate_limit`;
  expect(rows.map(({ key }) => key).join()).not.toMatch(/@|example/);
  // A quarter of an hour later the account is open again.
  await sql`update auth.rate_limit set last_request = last_request - ${15 * 60_000}`;
  expect((await post(app, '/api/auth/sign-in/email', person)).status).toBe(200);
  expect(await sql`select 1 from auth.rate_limit where key like 'account|%'`).toHaveLength(1);
});

test('[AUTH-20] an invitation lets one account into a household, once', async () => {
  const { app } = createWorld();
  const ana = await signUp(app, newPerson('Ana'));
  const ben = await signUp(app, newPerson('Ben'));
  const invited = await post(app, '/api/household/invites', {}, { cookie: ana.cookie });
  const { code } = await invited.json();
  expect(code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
  const join = async (cookie: string, text: string) =>
    post(app, '/api/household/join', { code: text }, { cookie });
  expect((await join(ben.cookie, 'BCDF-GHJK')).status).toBe(404);
  expect((await join(ben.cookie, code.toLowerCase())).status).toBe(200);
  expect((await join(ben.cookie, code)).status).toBe(404);
  const household = async (cookie: string) => (await (await me(app, { cookie })).json()).household;
  expect(await household(ben.cookie)).toEqual(await household(ana.cookie));
});

test('[AUTH-21] every process on a database signs with the same secret', async () => {
  const first = await loadSecret(sql, 'first');
  expect(await loadSecret(sql, 'second')).toBe(first);
});

test('[OPS-73] logs hold no e-mail, name, token or address', async () => {
  const { app, logged } = createWorld();
  const person = newPerson('Canary');
  const { cookie } = await signUp(app, person);
  await post(app, '/api/auth/sign-in/email', { ...person, password: 'not the one' });
  await me(app, { cookie });
  await app.request(`${local}/api/canary@example.test?canary`);
  const text = logged.join('');
  expect(logged.length).toBeGreaterThanOrEqual(4);
  expect(text.toLowerCase()).not.toContain('canary');
  expect(text).not.toContain(cookie.split('=')[1]);
  const rows = await sql`select 1 from auth.session where ip_address is not null`;
  expect(rows).toHaveLength(0);
});

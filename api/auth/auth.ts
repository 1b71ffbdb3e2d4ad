/**
 * Accounts and sessions through better-auth: e-mail and password, a session cookie for the app, a
 * bearer token for other clients.
 *
 * What must hold: a request with an `Authorization` header is judged by it alone, its cookie is not
 * looked at; a session that ended is refused at the next request (nothing is cached); neither e-mail
 * addresses nor network addresses reach a log or outlive the rate limit. Making the household of a
 * new account is the database's work (`make_household`), so that it cannot be forgotten half-way.
 */
import { randomUUID } from 'node:crypto';
import { betterAuth } from 'better-auth/minimal';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { bearer } from 'better-auth/plugins/bearer';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { createSignInLimit, readSignInEmail } from './sign-in-limit.ts';
import { authTables } from './tables.ts';

/** What the sync routes need to know about who asks. `householdId` is the user of the sync system. */
export type Identity =
  | {
      readonly type: 'account';
      readonly accountId: string;
      readonly householdId: string | null;
      readonly name: string;
    }
  | { readonly type: 'none' };

export interface Me {
  readonly account: { readonly id: string; readonly name: string; readonly email: string };
  readonly household: { readonly id: string; readonly name: string } | null;
}

export interface Auth {
  /** Answers `/api/auth/*`. */
  readonly handler: (request: Request) => Promise<Response>;
  readonly authenticate: (request: Request) => Promise<Identity>;
  /** Who is signed in, and the cookies that prolong the session. */
  readonly findMe: (request: Request) => Promise<{ me: Me; setCookies: string[] } | null>;
}

export interface AuthOptions {
  readonly sql: Sql;
  readonly secret: string;
  /** The address people open, e.g. `https://larder.example`; a loopback address in development. */
  readonly baseUrl: string;
  /** Cookies carry `__Host-` and `Secure`. Off only on a plain-http loopback address. */
  readonly secureCookies: boolean;
  /** Origins whose scripts may sign in, for one request. */
  readonly originsOf: (request: Request) => readonly string[];
  readonly signInsPerQuarterHour: number;
}

/** Written by the server for each request, never taken from outside (`app.ts`). */
export const addressHeader = 'x-larder-address';

const quarterHourSeconds = 15 * 60;
const daySeconds = 24 * 3600;

/** The paths of better-auth that this app uses; every other one answers 404. */
const openPaths = new Set([
  '/sign-up/email',
  '/sign-in/email',
  '/sign-out',
  '/get-session',
  '/list-sessions',
  '/revoke-session',
  '/revoke-other-sessions',
  '/change-password',
  '/update-user',
]);

const basePath = '/api/auth';

export function isOpenPath(path: string): boolean {
  return path.startsWith(basePath) && openPaths.has(path.slice(basePath.length));
}

/** The headers that decide who asks: with `Authorization` present, the cookie is not looked at. */
function decidingHeaders(request: Request): Headers {
  const headers = new Headers(request.headers);
  if (headers.has('authorization')) headers.delete('cookie');
  return headers;
}

/** A page gets its session as a cookie that scripts cannot read; only other clients see the token. */
const isFromBrowser = (request: Request): boolean =>
  request.headers.has('origin') || request.headers.has('sec-fetch-site');

function createBetterAuth(options: AuthOptions) {
  const perQuarterHour = { window: quarterHourSeconds, max: options.signInsPerQuarterHour };
  return betterAuth({
    appName: 'Larder',
    baseURL: options.baseUrl,
    basePath,
    secret: options.secret,
    database: drizzleAdapter(drizzle(options.sql), {
      provider: 'pg',
      schema: authTables,
      transaction: true,
    }),
    trustedOrigins: (request) => (request === undefined ? [] : [...options.originsOf(request)]),
    emailAndPassword: { enabled: true, minPasswordLength: 10, maxPasswordLength: 256 },
    session: { expiresIn: 90 * daySeconds, updateAge: daySeconds },
    rateLimit: {
      enabled: true,
      storage: 'database',
      window: 60,
      max: 300,
      customRules: { '/sign-in/email': perQuarterHour, '/sign-up/email': perQuarterHour },
    },
    databaseHooks: {
      session: {
        // The address serves the rate limit and nothing else.
        create: { before: async (session) => ({ data: { ...session, ipAddress: null } }) },
      },
    },
    advanced: {
      // Said outright: left open, both are switched off wherever TEST or NODE_ENV=test is set.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      cookiePrefix: options.secureCookies ? '__Host-larder' : 'larder',
      useSecureCookies: false, // Would add a prefix of its own, `__Secure-`.
      defaultCookieAttributes: { secure: options.secureCookies },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: () => randomUUID() },
    },
    plugins: [bearer({ requireSignature: true })],
    // Its messages name e-mail addresses; refused requests are in our own log by status.
    logger: { disabled: true },
    telemetry: { enabled: false },
  });
}

export function createAuth(options: AuthOptions): Auth {
  const auth = createBetterAuth(options);
  const { sql } = options;
  const signInLimit = createSignInLimit(sql, options.secret, options.signInsPerQuarterHour);

  return {
    handler: async (request) => {
      const email = await readSignInEmail(request);
      const waitSeconds = email === null ? null : await signInLimit.take(email);
      if (waitSeconds !== null) {
        return Response.json(
          { message: 'Too many tries. Please try again later.' },
          { status: 429, headers: { 'Retry-After': String(waitSeconds) } },
        );
      }
      const answer = await auth.handler(
        request.headers.has('authorization')
          ? new Request(request, { headers: decidingHeaders(request) })
          : request,
      );
      if (isFromBrowser(request)) answer.headers.delete('set-auth-token');
      return answer;
    },

    authenticate: async (request) => {
      const headers = decidingHeaders(request);
      if (!headers.has('authorization') && !headers.has('cookie')) return { type: 'none' };
      const found = await auth.api.getSession({ headers, query: { disableRefresh: true } });
      if (found === null) return { type: 'none' };
      const [membership] = await sql<{ household_id: string }[]>`
        select household_id from auth.membership where account_id = ${found.user.id}`;
      return {
        type: 'account',
        accountId: found.user.id,
        householdId: membership?.household_id ?? null,
        name: found.user.name,
      };
    },

    findMe: async (request) => {
      const headers = decidingHeaders(request);
      const answer = await auth.api.getSession({ headers, returnHeaders: true });
      if (answer.response === null) return null;
      const { id, name, email } = answer.response.user;
      const [household] = await sql<{ id: string; name: string }[]>`
        select household.id, household.name
        from auth.membership join auth.household on household.id = membership.household_id
        where membership.account_id = ${id}`;
      return {
        me: { account: { id, name, email }, household: household ?? null },
        setCookies: answer.headers.getSetCookie(),
      };
    },
  };
}

/** The secret that signs cookies: made once per database, shared by every process on it. */
export async function loadSecret(sql: Sql, fresh: string): Promise<string> {
  await sql`insert into auth.secret (value) values (${fresh}) on conflict do nothing`;
  const [row] = await sql<{ value: string }[]>`select value from auth.secret`;
  if (row === undefined) throw new Error('auth.secret has no row after it was written');
  return row.value;
}

/** `/api/auth/*` (better-auth), `/api/me`, and joining a household. Decode, call, encode. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Auth, isOpenPath } from '../auth/auth.ts';
import type { Households } from '../auth/households.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { refuse } from './refuse.ts';

export interface AuthRoutesDeps {
  readonly auth: Auth;
  readonly households: Households;
  readonly originsOf: (request: Request) => readonly string[];
}

const bodyBytesMax = 64 * 1024;

const signInNeeded = (): Response => refuse(401, 'authentication_failed', 'Sign in first.');

async function readCode(request: Request): Promise<string | null> {
  const body: unknown = await request.json().catch(() => null);
  if (typeof body !== 'object' || body === null || !('code' in body)) return null;
  return typeof body.code === 'string' && body.code.length <= 32 ? body.code : null;
}

export function createAuthRoutes({ auth, households, originsOf }: AuthRoutesDeps): Hono {
  const routes = new Hono();
  const limit = bodyLimit({
    maxSize: bodyBytesMax,
    onError: () => refuse(413, 'request_too_large', 'The body is larger than 64 KiB.'),
  });
  routes.use('/api/*', limit, sameOrigin(originsOf));

  routes.on(['GET', 'POST'], '/api/auth/*', async (context) => {
    if (!isOpenPath(context.req.path)) return refuse(404, 'not_found', 'There is nothing here.');
    return auth.handler(context.req.raw);
  });

  routes.get('/api/me', async (context) => {
    const found = await auth.findMe(context.req.raw);
    if (found === null) return signInNeeded();
    for (const cookie of found.setCookies) {
      context.header('Set-Cookie', cookie, { append: true });
    }
    return context.json(found.me);
  });

  routes.post('/api/household/invites', async (context) => {
    const identity = await auth.authenticate(context.req.raw);
    if (identity.type === 'none') return signInNeeded();
    const invite = await households.invite(identity.accountId);
    if (invite === null) return refuse(403, 'scope_forbidden', 'You are in no household.');
    return context.json({ code: invite.code, expires_in_seconds: invite.expiresInSeconds });
  });

  routes.post('/api/household/join', async (context) => {
    const identity = await auth.authenticate(context.req.raw);
    if (identity.type === 'none') return signInNeeded();
    const code = await readCode(context.req.raw);
    if (code === null) return refuse(400, 'invalid_request', 'The body must be {"code": "…"}.');
    const joined = await households.join(identity.accountId, code);
    if (!joined.ok) return refuse(404, 'not_found', 'This code is unknown, used or too old.');
    return context.json({ household_id: joined.value.householdId });
  });
  return routes;
}

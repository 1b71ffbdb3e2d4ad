/**
 * What happens to every sync request before its own operation, in the order of protocol.md §1.4: does it say that
 * its body is too large, who asks and from where, in which household and as which source, is it the household that
 * was meant, is the body small enough and JSON. Route and method were decided by the router.
 */
import { type Result, err, ok } from '../../shared/result.ts';
import { type BodyObject, declaredBytes, readBody } from '../middleware/body.ts';
import { isFromOurOrigin } from '../middleware/origin.ts';
import { readExpectedUser, readExtensions, readSourceId } from '../middleware/source.ts';
import { type Caller, scopeIdOf } from '../sync/caller.ts';
import { deviceLabelOf } from './device-label.ts';
import { gateSchema } from '../sync/schema-gate.ts';
import type { SyncFailure } from '../sync/refusal.ts';
import type { SyncService } from '../sync/service.ts';

export type SyncIdentity =
  | {
      readonly type: 'account';
      readonly accountId: string;
      /** The user of the sync system; null for an account without a household. */
      readonly householdId: string | null;
      readonly name: string;
      /** What people call the device, for the history that triggers write. */
      readonly deviceLabel?: string;
    }
  | { readonly type: 'none' };

export interface SyncRoutesDeps {
  readonly service: SyncService;
  /** Decides from the request's session or token alone. Throws when the database is away. */
  readonly authenticate: (request: Request) => Promise<SyncIdentity>;
  /** The origins whose scripts may use a session cookie. */
  readonly originsOf: (request: Request) => readonly string[];
  /** Bearer clients on pages of other origins may read the answers; nobody may when absent. */
  readonly allowsOtherOrigins?: boolean;
  /** Who shows it sees counters in status; nobody does when it is absent. */
  readonly operatorToken?: string | null;
}

export interface Admitted {
  readonly caller: Caller;
  readonly areExtensionsAsked: boolean;
}

const fail = (failure: SyncFailure): { readonly ok: false; readonly error: SyncFailure } =>
  err(failure);

/** Steps 4 to 6: authentication, cookie rules, household, source, expected user. */
export async function admit(
  deps: SyncRoutesDeps,
  request: Request,
  /** Capabilities are told to every version. */
  isForCapabilities = false,
): Promise<Result<Admitted, SyncFailure>> {
  let identity: SyncIdentity;
  try {
    identity = await deps.authenticate(request);
  } catch {
    // The session lives in the same database; without it nobody can be told from anybody.
    return fail({
      code: 'service_unavailable',
      message: 'the service cannot answer just now',
      retryAfterSeconds: 1,
    });
  }
  if (identity.type === 'none')
    return fail({ code: 'authentication_failed', message: 'sign in first' });
  if (!isFromOurOrigin(request, deps.originsOf)) {
    return fail({ code: 'origin_forbidden', message: 'the request came from another site' });
  }
  if (identity.householdId === null) {
    return fail({ code: 'scope_forbidden', message: 'the account belongs to no household' });
  }
  const sourceId = readSourceId(request);
  if (sourceId === null) {
    return fail({ code: 'invalid_request', message: 'Oversync-Source-ID is missing or malformed' });
  }
  // The header asks by itself; nobody who does not mean it sends it.
  const expectedUser = deps.service.offers('expected_user') ? readExpectedUser(request) : null;
  if (expectedUser !== null && expectedUser !== identity.householdId) {
    return fail({ code: 'user_mismatch', message: 'another household is signed in' });
  }
  const extensions = readExtensions(request);
  const names = new Set([...extensions.names].filter((name) => deps.service.offers(name)));
  const gate = names.has('schema_negotiation')
    ? gateSchema(
        deps.service.schemaPolicy,
        request.headers.get('oversync-schema-version'),
        request.headers.get('oversync-client'),
      )
    : gateSchema(deps.service.schemaPolicy, null, null);
  if (gate.refusal !== null && !isForCapabilities) return fail(gate.refusal);
  return ok({
    areExtensionsAsked: extensions.isAsked,
    caller: {
      userId: identity.householdId,
      scopeId: scopeIdOf(identity.householdId),
      accountId: identity.accountId,
      sourceId,
      actor: identity.name,
      device: identity.deviceLabel ?? deviceLabelOf(request),
      schemaVersion: gate.version,
      writeRefusal: gate.writeRefusal,
      serverEpoch: names.has('server_epoch') ? request.headers.get('oversync-server-epoch') : null,
      extensions: names,
    },
  });
}

export interface DecodedRequest extends Admitted {
  readonly body: BodyObject | null;
}

/**
 * All steps. A body that says it is too large is refused before anything else; any other one is read once it is
 * known who asks, so that a stranger can spend none of the server's memory.
 */
export async function decodeRequest(
  deps: SyncRoutesDeps,
  request: Request,
  bodyBytesMax: number,
  isForCapabilities = false,
): Promise<Result<DecodedRequest, SyncFailure>> {
  const tooLarge = {
    code: 'request_too_large',
    message: `the body is larger than ${String(bodyBytesMax)} bytes`,
  } as const;
  if (declaredBytes(request) > bodyBytesMax) return fail(tooLarge);
  const admitted = await admit(deps, request, isForCapabilities);
  if (!admitted.ok) return admitted;
  const body = await readBody(request, bodyBytesMax);
  if (!body.ok) {
    return fail(
      body.error === 'too-large'
        ? tooLarge
        : { code: 'invalid_request', message: 'the body is not a JSON object' },
    );
  }
  return ok({ ...admitted.value, body: body.value });
}

/** An integer from `least` in decimal; `fallback` when absent, null when it is anything else. */
export function readInteger(
  text: string | undefined,
  least: number,
  fallback: number,
): number | null {
  if (text === undefined) return fallback;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least ? value : null;
}

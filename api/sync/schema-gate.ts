/**
 * E7: what a client of a given schema and product version may do (protocol.md §13.8). Pure: headers in,
 * a version to render for and a refusal for reads or for writes out.
 */
import type { SyncFailure } from './refusal.ts';

/** What the operator still serves. */
export interface SchemaPolicy {
  readonly current: number;
  readonly minRead: number;
  readonly minWrite: number;
  /** For clients that name no version. */
  readonly defaultVersion: number;
  /** Oldest version by product: `{ "larder": "1.4.0" }`. */
  readonly minClientVersions: Readonly<Record<string, string>>;
}

export interface SchemaGate {
  readonly version: number;
  /** Refuses everything but capabilities. */
  readonly refusal: SyncFailure | null;
  /** Refuses writes only; a committed push is still acknowledged. */
  readonly writeRefusal: SyncFailure | null;
}

const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/;

/** Compared by the three numbers; a text that is no version is older than any. */
function isOlder(given: string, least: string): boolean {
  const left = VERSION.exec(given)?.slice(1).map(Number) ?? [-1, -1, -1];
  const right = VERSION.exec(least)?.slice(1).map(Number) ?? [0, 0, 0];
  for (const [index, value] of right.entries()) {
    const own = left[index] ?? 0;
    if (own !== value) return own < value;
  }
  return false;
}

export function gateSchema(
  policy: SchemaPolicy,
  schemaHeader: string | null,
  clientHeader: string | null,
): SchemaGate {
  const [product = '', version = ''] = (clientHeader ?? '').split('/');
  const least = Object.hasOwn(policy.minClientVersions, product)
    ? policy.minClientVersions[product]
    : undefined;
  const upgrade = (access: 'read_only' | 'none'): SyncFailure => ({
    code: 'client_upgrade_required',
    message: 'this version of the app is too old for the server',
    extra: {
      access,
      schema_version: policy.current,
      min_read: policy.minRead,
      min_write: policy.minWrite,
      ...(least === undefined ? {} : { min_client_version: least }),
    },
  });
  const wanted = schemaHeader === null ? policy.defaultVersion : Number(schemaHeader);
  if (!Number.isSafeInteger(wanted) || wanted < 1 || !/^\d{1,9}$/.test(schemaHeader ?? '1')) {
    const refusal: SyncFailure = {
      code: 'invalid_request',
      message: 'Oversync-Schema-Version is an integer from 1',
    };
    return { version: policy.current, refusal, writeRefusal: null };
  }
  if (wanted > policy.current) {
    const refusal: SyncFailure = {
      code: 'schema_version_ahead',
      message: 'the client is newer than the server',
      extra: { schema_version: policy.current },
    };
    return { version: policy.current, refusal, writeRefusal: null };
  }
  const isTooOld =
    schemaHeader !== null && wanted < policy.minRead
      ? true
      : least !== undefined && isOlder(version, least);
  return {
    version: wanted,
    refusal: isTooOld ? upgrade('none') : null,
    writeRefusal: schemaHeader !== null && wanted < policy.minWrite ? upgrade('read_only') : null,
  };
}

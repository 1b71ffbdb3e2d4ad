/**
 * Who is asking, as the routes found out: the household from the session, never from the request. The
 * scope column is a UUID; a household id that is one is used as it is, any other text is folded into one,
 * so that hosts with other kinds of ids work too.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hexEncode, utf8Encode } from '../../shared/bytes.ts';
import { isCanonicalUuid } from '../../shared/protocol/shapes.ts';

import type { SyncFailure } from './refusal.ts';

export interface Caller {
  readonly userId: string;
  readonly scopeId: string;
  readonly accountId: string;
  readonly sourceId: string;
  /** Names for what triggers write about this push; null when unknown. */
  readonly actor: string | null;
  readonly device: string | null;
  /** The schema version that answers are rendered for; the current one when absent. */
  readonly schemaVersion?: number;
  /** Why this client may not write; absent or null when it may. */
  readonly writeRefusal?: SyncFailure | null;
  /** The server epoch that the request builds on; null when it does not say. */
  readonly serverEpoch: string | null;
  /** The extensions that the request asks for and the server offers. */
  readonly extensions: ReadonlySet<string>;
}

export function scopeIdOf(userId: string): string {
  if (isCanonicalUuid(userId)) return userId;
  const hex = hexEncode(sha256(utf8Encode(`larder-scope:${userId}`)));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

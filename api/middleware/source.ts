/**
 * Reads what a sync request says about itself in headers: its source, the extensions it asks for, and
 * the household it is meant for. None of it says who is asking; that is the session's word alone.
 */
import { isClientSourceId } from '../../shared/protocol/shapes.ts';

/** Exactly as sent, never trimmed; null when missing, repeated or malformed. */
export function readSourceId(request: Request): string | null {
  const value = request.headers.get('oversync-source-id');
  return value !== null && isClientSourceId(value) ? value : null;
}

export function readExtensions(request: Request): {
  readonly isAsked: boolean;
  readonly names: ReadonlySet<string>;
} {
  const value = request.headers.get('oversync-extensions');
  const names = (value ?? '').split(',').map((name) => name.trim());
  return { isAsked: value !== null, names: new Set(names.filter((name) => name !== '')) };
}

export const readExpectedUser = (request: Request): string | null =>
  request.headers.get('oversync-expect-user');

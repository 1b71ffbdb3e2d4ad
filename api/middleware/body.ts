/**
 * Request bodies of the sync routes: bounded before memory is spent, UTF-8, one JSON object, nested no
 * deeper than allowed (protocol.md §1.1, B7). `Content-Length` is believed only to refuse before
 * anything is read; what arrives is counted all the same.
 */
import { limits } from '../../shared/limits.ts';
import { type Result, err, ok } from '../../shared/result.ts';

export type BodyFailure = 'too-large' | 'malformed';
export type BodyObject = Readonly<Record<string, unknown>>;

/** What the request says of its body; 0 when it does not say, or no number. */
export function declaredBytes(request: Request): number {
  const bytes = Number(request.headers.get('content-length') ?? 0);
  return Number.isFinite(bytes) ? bytes : 0;
}

async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > bytesMax) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, size);
}

function isShallow(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (left === 0) return false;
  return Object.values(value).every((member) => isShallow(member, left - 1));
}

/** The body as an object; an empty body is `null`. */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Result<BodyObject | null, BodyFailure>> {
  const bytes = await readBytes(request, bytesMax);
  if (bytes === null) return err('too-large');
  if (bytes.byteLength === 0) return ok(null);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return err('malformed'); // Not UTF-8 or not JSON; the text itself is nobody's business.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return err('malformed');
  if (!isShallow(value, limits.request.nestingMax)) return err('malformed');
  return ok(value as BodyObject);
}

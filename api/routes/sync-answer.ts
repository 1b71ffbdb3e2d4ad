/**
 * How values of the sync service become HTTP: success bodies, error bodies with exactly their documented
 * members, and compression. JSON over 1 KiB is compressed when the client says that it takes it; streams
 * of events never are.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { errorCodes } from '../../shared/protocol/errors.ts';
import type { Result } from '../../shared/result.ts';
import type { JsonText } from '../sync/ports.ts';
import type { SyncFailure } from '../sync/refusal.ts';

const COMPRESS_FROM_BYTES = 1024;
const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);

function acceptedEncoding(request: Request): 'br' | 'gzip' | null {
  const accepted = new Map(
    (request.headers.get('accept-encoding') ?? '').split(',').map((part) => {
      const [name = '', ...parameters] = part.trim().toLowerCase().split(';');
      const isRefused = parameters.some((parameter) => /^\s*q=0(\.0*)?$/.test(parameter));
      return [name.trim(), !isRefused] as const;
    }),
  );
  if (accepted.get('br') === true) return 'br';
  return accepted.get('gzip') === true ? 'gzip' : null;
}

export async function jsonResponse(
  request: Request,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const encoding = acceptedEncoding(request);
  const plain = { 'Content-Type': 'application/json', ...headers };
  if (encoding === null || Buffer.byteLength(text) < COMPRESS_FROM_BYTES) {
    return new Response(text, { status, headers: plain });
  }
  const body =
    encoding === 'br'
      ? await brotli(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
      : await gzipped(text, { level: 1 });
  return new Response(new Uint8Array(body), {
    status,
    headers: { ...plain, 'Content-Encoding': encoding },
  });
}

export function failureResponse(request: Request, failure: SyncFailure): Promise<Response> {
  const body = JSON.stringify({ error: failure.code, message: failure.message, ...failure.extra });
  return jsonResponse(
    request,
    errorCodes[failure.code].status,
    body,
    failure.retryAfterSeconds === undefined
      ? {}
      : { 'Retry-After': String(failure.retryAfterSeconds) },
  );
}

const isJsonText = (value: object): value is JsonText =>
  'json' in value && typeof value.json === 'string' && Object.keys(value).length === 1;

/** 200 with the value, 204 for none, or the failure with its status. */
export async function answer(
  request: Request,
  result: Result<object | void, SyncFailure>,
): Promise<Response> {
  if (!result.ok) return failureResponse(request, result.error);
  if (result.value === undefined) return new Response(null, { status: 204 });
  return jsonResponse(
    request,
    200,
    isJsonText(result.value) ? result.value.json : JSON.stringify(result.value),
  );
}

/**
 * How values of the sync service become HTTP: success bodies, error bodies with exactly their documented
 * members, and compression. JSON over 1 KiB is compressed when the client says that it takes it; streams
 * of events never are.
 */
import { Readable, pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';
import { limits } from '../../shared/limits.ts';
import { errorCodes } from '../../shared/protocol/errors.ts';
import type { Result } from '../../shared/result.ts';
import type { JsonStream, JsonText } from '../sync/ports.ts';
import type { SyncFailure } from '../sync/refusal.ts';
import { heldUntilWritten } from './held-response.ts';

const COMPRESS_FROM_BYTES = 1024;
/** Larger texts are compressed and sent as fast as they are taken, never as a second whole copy. */
const STREAM_FROM_CHARACTERS = 256 * 1024;
const SLICE_CHARACTERS = 64 * 1024;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
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

function* slicesOf(text: string): Generator<string, void, undefined> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + SLICE_CHARACTERS);
    // A surrogate pair cut in two would be encoded as two replacement characters.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
    yield text.slice(start, end);
    start = end;
  }
}

/** A body that is produced, encoded and compressed only as fast as its reader takes it. */
export function streamResponse(
  request: Request,
  contentType: string,
  text: Iterable<string> | AsyncIterable<string>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const encoding = acceptedEncoding(request);
  const source = Readable.from(text, { objectMode: true, highWaterMark: 1 });
  const body = bytesOf(encoding === null ? source : compressed(source, encoding));
  return new Response(body, {
    headers: {
      'Content-Type': contentType,
      ...headers,
      ...(encoding === null ? {} : { 'Content-Encoding': encoding }),
    },
  });
}

function compressed(source: Readable, encoding: 'br' | 'gzip'): Readable {
  const encoder = encoding === 'br' ? createBrotliCompress(BROTLI) : createGzip({ level: 1 });
  // Either end that fails ends the other, so a source that broke off is never a whole body.
  pipeline(source, encoder, () => undefined);
  return encoder;
}

/** A web stream of bytes over a Node stream, one chunk per pull. */
function bytesOf(stream: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<string | Uint8Array> = stream[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done === true) return controller.close();
        controller.enqueue(
          typeof value === 'string' ? encoder.encode(value) : new Uint8Array(value),
        );
      },
      cancel: () => {
        stream.destroy();
      },
    },
    { highWaterMark: 0 },
  );
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
  if (text.length >= STREAM_FROM_CHARACTERS) {
    return streamResponse(request, 'application/json', slicesOf(text), headers);
  }
  const body = encoding === 'br' ? await brotli(text, BROTLI) : await gzipped(text, { level: 1 });
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

const isJsonStream = (value: object): value is JsonStream => 'jsonChunks' in value;

/** 200 with the value, 204 for none, or the failure with its status. */
export async function answer(
  request: Request,
  result: Result<object | void, SyncFailure>,
): Promise<Response> {
  if (!result.ok) return failureResponse(request, result.error);
  if (result.value === undefined) return new Response(null, { status: 204 });
  if (isJsonStream(result.value)) {
    const body = streamResponse(request, 'application/json', result.value.jsonChunks);
    return heldUntilWritten(body, () => undefined, limits.answer.stallMs);
  }
  return jsonResponse(
    request,
    200,
    isJsonText(result.value) ? result.value.json : JSON.stringify(result.value),
  );
}

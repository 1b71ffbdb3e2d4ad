/**
 * The engine's `Transport` over `fetch`: same-origin cookies, one time limit per request, JSON decoded and
 * checked for numbers that a double cannot hold, every failure a value. The watch stream is read through
 * `fetch` as well, because `EventSource` cannot send the source header; it ends after a minute without a
 * byte. Nothing is retried here and nothing is logged: both belong to the engine.
 */
import type { HintEvent, Stop, SyncAnswer, SyncRequest, Transport } from '../engine/ports.ts';
import { createSseParser } from './sse-hints.ts';

/** Three heartbeats of the server: a stream that is silent longer is dead. */
const STREAM_SILENCE_MS = 60_000;
/** An answer larger than this is refused: pages are bounded far below it. */
const ANSWER_CHARACTERS_MAX = 256 * 1024 * 1024;

export interface FetchTransportOptions {
  /** `https://host/` or with a path prefix, which is kept. */
  readonly baseUrl: string;
  /** For devices without cookies; read for every request. */
  readonly bearerToken?: () => string | null;
  readonly fetch?: typeof fetch;
}

class UnsafeNumber extends Error {
  override readonly name = 'UnsafeNumber';
}

/**
 * A number that may be too large for a double has 16 digits in a row or an exponent. Text may look like one,
 * which then only costs the longer way.
 */
const MAY_HOLD_UNSAFE_NUMBER = /[:[,\s]-?\d+(?:\d{15}|(?:\.\d+)?[eE])/;

/** JSON with every whole number beyond ±(2^53 − 1) refused: its last digits would be invented. */
export function parseSafeJson(text: string): { readonly value: unknown } | null {
  try {
    // Looking at each member by a function takes several times as long as parsing.
    if (!MAY_HOLD_UNSAFE_NUMBER.test(text)) return { value: JSON.parse(text) as unknown };
    const value: unknown = JSON.parse(text, (_name, member: unknown) => {
      if (typeof member === 'number' && Number.isInteger(member) && !Number.isSafeInteger(member))
        throw new UnsafeNumber('a number is beyond what a double holds');
      return member;
    });
    return { value };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnsafeNumber) return null;
    throw error;
  }
}

export function urlOf(baseUrl: string, request: SyncRequest): string {
  const base = baseUrl.endsWith('/') ? baseUrl.slice(0, -1) : baseUrl;
  const query = new URLSearchParams(request.query ?? {}).toString();
  return `${base}${request.path}${query === '' ? '' : `?${query}`}`;
}

const headersOf = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].map(([name, value]) => [name.toLowerCase(), value]));

async function readAnswer(response: Response): Promise<SyncAnswer> {
  const text = await response.text();
  const answer = { type: 'answer', status: response.status, headers: headersOf(response) } as const;
  if (text === '') return { ...answer, body: null };
  // Lines of their own (a snapshot stream): whoever asked for them reads them, whole or not at all.
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && type.includes('x-ndjson')) return { ...answer, body: text };
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const parsed = text.length > ANSWER_CHARACTERS_MAX ? null : parseSafeJson(text);
  if (parsed !== null) return { ...answer, body: parsed.value };
  // A page of a proxy in front of the server is an answer of that status, not a malformed one of ours.
  return isJson || response.ok
    ? { type: 'no-answer', reason: 'malformed' }
    : { ...answer, body: null };
}

export function createFetchTransport(options: FetchTransportOptions): Transport {
  const doFetch = options.fetch ?? globalThis.fetch.bind(globalThis);

  const open = (request: SyncRequest, controller: AbortController): Promise<Response> => {
    const token = options.bearerToken?.() ?? null;
    return doFetch(urlOf(options.baseUrl, request), {
      method: request.method,
      headers: {
        ...request.headers,
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(request.body === null ? {} : { body: request.body }),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: controller.signal,
    });
  };

  return {
    async request(request: SyncRequest, stop?: Stop): Promise<SyncAnswer> {
      if (stop?.stopped === true) return { type: 'no-answer', reason: 'aborted' };
      const controller = new AbortController();
      let reason: 'network' | 'timeout' | 'aborted' = 'network';
      const abort = (because: 'timeout' | 'aborted'): void => {
        reason = because;
        controller.abort();
      };
      const timer = setTimeout(() => {
        abort('timeout');
      }, request.timeoutMs);
      stop?.onStop(() => {
        abort('aborted');
      });
      try {
        return await readAnswer(await open(request, controller));
      } catch {
        // `fetch` tells a refused connection, a cut body and an abort only by exceptions without a type.
        return { type: 'no-answer', reason };
      } finally {
        clearTimeout(timer);
      }
    },
    watch(request: SyncRequest, onEvent: (event: HintEvent) => void): () => void {
      const controller = new AbortController();
      let isOver = false;
      const emit = (event: HintEvent): void => {
        if (!isOver) onEvent(event);
        if (event.type === 'ended' || event.type === 'refused') isOver = true;
      };
      void follow(() => open(request, controller), controller, emit);
      return () => {
        isOver = true;
        controller.abort();
      };
    },
  };
}

/** Reads one watch stream to its end, whatever ends it. */
async function follow(
  open: () => Promise<Response>,
  controller: AbortController,
  emit: (event: HintEvent) => void,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectByte = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      controller.abort();
    }, STREAM_SILENCE_MS);
  };
  try {
    expectByte();
    const response = await open();
    if (response.status !== 200 || response.body === null) {
      const answer = await readAnswer(response);
      const body: unknown = answer.type === 'answer' ? answer.body : null;
      const code = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
      emit({
        type: 'refused',
        status: response.status,
        code: typeof code === 'string' ? code : null,
      });
      return;
    }
    emit({ type: 'open' });
    const parser = createSseParser((hint) => {
      emit({ type: 'hint', bundleSeq: hint.bundle_seq });
    });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const piece = await reader.read();
      if (piece.done) break;
      expectByte();
      if (parser.push(decoder.decode(piece.value, { stream: true }))) continue;
      await reader.cancel();
      break;
    }
    emit({ type: 'ended' });
  } catch {
    // A stream that breaks ends; why makes no difference to whoever reconnects.
    emit({ type: 'ended' });
  } finally {
    clearTimeout(timer);
  }
}

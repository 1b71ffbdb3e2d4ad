/**
 * One request of the sync protocol and its answer as a value. Nothing leaves before everything committed is
 * durable. Transient answers are tried three times; what remains is sorted into what the caller must decide
 * on (`refused`: a 4xx with its code) and what ends the operation (`SyncFailure`).
 */
import { errorBody } from '../../shared/protocol/errors.ts';
import type { ErrorBody } from '../../shared/protocol/errors.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import {
  backoffMs,
  parseRetryAfterMs,
  REQUEST_BACKOFF,
  REQUEST_TRIES_MAX,
  RETRY_AFTER_MAX_MS,
} from './backoff.ts';
import { durable, wait } from './context.ts';
import type { Context } from './context.ts';
import { protocolFailure, versionFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import type { SyncAnswer, SyncRequest } from './ports.ts';
import { findMeta, readAttachment, readOperation } from './state.ts';

/** Extensions this client understands (`protocol.md` chapter 13); the server ignores what it lacks. */
export const EXTENSIONS =
  'single_request_push, all_conflicts, push_rejections, bundle_notes, snapshot_stream, server_epoch, schema_negotiation, expected_user';

const TIMEOUT_MS = 30_000;
/** Another second per this many bytes sent. */
const BYTES_PER_SECOND = 102_400;

export interface Call {
  /** Named in failures, so that a log says what was tried. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Overrides the current source and user: attach and rotation speak for others. */
  readonly sourceId?: string;
  readonly userId?: string;
  /** 1 where the caller has its own way of trying again. */
  readonly triesMax?: number;
}

export interface Refused {
  readonly type: 'refused';
  readonly status: number;
  readonly code: string;
  readonly body: ErrorBody | null;
  readonly retryAfterMs: number | null;
}

export interface Decoder<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false };
}

export type CallResult<T> = Result<T, Refused | SyncFailure>;

const TRANSIENT = new Set([429, 502, 503, 504]);

export function requestOf(context: Context, call: Call): SyncRequest {
  const attachment = readAttachment(context.sql);
  const operation = readOperation(context.sql);
  const userId =
    call.userId ?? (attachment.userId !== '' ? attachment.userId : operation.targetUserId);
  const { serverEpoch } = findMeta(context.sql);
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  return {
    method: call.method,
    path: call.path,
    ...(call.query === undefined ? {} : { query: call.query }),
    headers: {
      'Oversync-Source-ID': call.sourceId ?? attachment.sourceId,
      'Oversync-Extensions': EXTENSIONS,
      'Oversync-Schema-Version': String(context.catalog.schema.version),
      ...(context.client === '' ? {} : { 'Oversync-Client': context.client }),
      ...(serverEpoch === '' ? {} : { 'Oversync-Server-Epoch': serverEpoch }),
      ...(userId === '' ? {} : { 'Oversync-Expect-User': userId }),
      ...(body === null ? {} : { 'Content-Type': 'application/json' }),
    },
    body,
    timeoutMs: TIMEOUT_MS + Math.ceil((body?.length ?? 0) / BYTES_PER_SECOND) * 1000,
  };
}

const retryAfterOf = (answer: SyncAnswer): number | null =>
  answer.type === 'answer' ? parseRetryAfterMs(answer.headers['retry-after']) : null;

const isTransient = (answer: SyncAnswer): boolean =>
  answer.type === 'no-answer' ? answer.reason !== 'aborted' : TRANSIENT.has(answer.status);

async function tryCall(context: Context, call: Call): Promise<SyncAnswer> {
  const request = requestOf(context, call);
  const triesMax = call.triesMax ?? REQUEST_TRIES_MAX;
  for (let attempt = 0; ; attempt += 1) {
    if (context.memory.isStopped) return { type: 'no-answer', reason: 'aborted' };
    const answer = await context.transport.request(request);
    if (!isTransient(answer) || attempt + 1 >= triesMax) return answer;
    const asked = retryAfterOf(answer) ?? 0;
    if (asked > RETRY_AFTER_MAX_MS) return answer;
    await wait(context, Math.max(asked, backoffMs(REQUEST_BACKOFF, attempt, context.ids.random())));
  }
}

function failureOf(
  call: Call,
  answer: Extract<SyncAnswer, { type: 'answer' }>,
): Refused | SyncFailure {
  const decoded = errorBody.safeParse(answer.body);
  const code = decoded.success ? decoded.data.error : '';
  const retryAfterMs = retryAfterOf(answer);
  if (answer.status === 401 || answer.status === 403 || code === 'user_mismatch')
    return { type: 'auth', status: answer.status, code: code === '' ? null : code };
  if (code === 'client_upgrade_required' || code === 'schema_version_ahead')
    return versionFailure(code, decoded.data?.access ?? 'none');
  if (answer.status >= 500 || answer.status === 429)
    return code.startsWith('snapshot_') && answer.status === 429
      ? {
          type: 'refused',
          status: 429,
          code,
          body: decoded.success ? decoded.data : null,
          retryAfterMs,
        }
      : { type: 'network', operation: call.operation, reason: String(answer.status), retryAfterMs };
  return {
    type: 'refused',
    status: answer.status,
    code,
    body: decoded.success ? decoded.data : null,
    retryAfterMs,
  };
}

/** Sends and decodes. A success whose body has another shape is a protocol failure; nothing is applied. */
export async function send<T>(
  context: Context,
  call: Call,
  decoder: Decoder<T>,
): Promise<CallResult<T>> {
  await durable(context);
  const answer = await tryCall(context, call);
  if (answer.type === 'no-answer')
    return answer.reason === 'malformed'
      ? err(protocolFailure('malformed-answer', call.operation))
      : err({
          type: 'network',
          operation: call.operation,
          reason: answer.reason,
          retryAfterMs: null,
        });
  if (answer.status < 200 || answer.status > 299) return err(failureOf(call, answer));
  const decoded = decoder.safeParse(answer.body);
  return decoded.success
    ? ok(decoded.data)
    : err(protocolFailure('malformed-answer', call.operation));
}

/** Best effort: the answer does not matter. */
export async function sendAndForget(context: Context, call: Call): Promise<void> {
  await durable(context);
  await tryCall(context, { ...call, triesMax: 1 });
}

/** A refusal that no rule of the operation knows ends it. */
export const unexpected = (call: string, refused: Refused): SyncFailure =>
  protocolFailure(refused.code === '' ? `status-${refused.status}` : refused.code, call);

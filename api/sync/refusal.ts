/**
 * How an operation says no. Inside a transaction a refusal is thrown, since it must unwind and roll
 * back; it is caught once, where the operation began (service.ts), and leaves as a value.
 */
import type { ErrorCode } from '../../shared/protocol/errors.ts';

export interface SyncFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** Members that the code adds to its body. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: SyncFailure;

  constructor(failure: SyncFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function refuse(
  code: ErrorCode,
  message: string,
  extra?: Readonly<Record<string, unknown>>,
  retryAfterSeconds?: number,
): never {
  throw new Refusal({
    code,
    message,
    ...(extra === undefined ? {} : { extra }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

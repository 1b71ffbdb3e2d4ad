/**
 * What a failure of Postgres or of the way to it means (quality.md §4), decided in one place from
 * SQLSTATE and driver codes. Text of the driver never leaves here: it can quote rows and parameters.
 */
import { DatabaseRefusal, DatabaseUnavailable } from '../sync/ports.ts';

export type FailureClass = 'retry' | 'unavailable' | 'refused' | 'defect';

const RETRYABLE: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

/** Codes of the driver and of sockets; none of them is a SQLSTATE. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

const read = (error: unknown, member: string): string | null => {
  if (typeof error !== 'object' || error === null) return null;
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' && value !== '' ? value : null;
};

export const isConnectionLoss = (error: unknown): boolean => {
  const code = read(error, 'code');
  return code !== null && (CONNECTION_CODES.has(code) || /^(57P0[1-3]|08...)$/.test(code));
};

/**
 * Refused because of what was written: 22 data, 23 constraints, 44 check option, 42703 and 428C9 columns, 54000 a
 * value that no index takes, P0 raised by a trigger, 45 and the classes that Postgres leaves to applications
 * raised with a state of its own.
 */
const REFUSED = /^(22...|23...|44...|45...|42703|428C9|54000|P0...|[689]....|[I-OQ-WYZ]....)$/;

export function classifyFailure(error: unknown): FailureClass {
  const code = read(error, 'code');
  if (code === null) return 'defect';
  if (RETRYABLE.has(code)) return 'retry';
  if (isConnectionLoss(error)) return 'unavailable';
  // Cancelled by a time limit, read-only after a fail-over, out of connections, memory or disk.
  if (/^(57014|25006|53...|25P03|57P05)$/.test(code)) return 'unavailable';
  if (REFUSED.test(code)) return 'refused';
  return 'defect';
}

/** The failure as the service knows it; defects pass through unchanged, for the log. */
export function toServiceFailure(error: unknown): unknown {
  switch (classifyFailure(error)) {
    case 'refused':
      return new DatabaseRefusal({
        sqlstate: read(error, 'code') ?? '',
        table: read(error, 'table_name'),
        column: read(error, 'column_name'),
        constraint: read(error, 'constraint_name'),
      });
    case 'retry':
    case 'unavailable':
      return new DatabaseUnavailable(
        `the database is not available (${read(error, 'code') ?? 'unknown'})`,
      );
    case 'defect':
      return error;
  }
}

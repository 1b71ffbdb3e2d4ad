/**
 * The environment, decoded once. Nothing else reads `process.env`. Every refusal is one sentence that
 * names the variable; the list in README's "settings" is this file.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { type Result, err, ok } from '../shared/result.ts';

export interface Env {
  readonly host: string;
  readonly port: number;
  /** Null: use the embedded Postgres. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** The address people open when it is not the loopback one; always https. */
  readonly publicUrl: string | null;
  /** True behind a reverse proxy that sets `X-Forwarded-For`. */
  readonly trustProxy: boolean;
  /** True: pages of other origins may use the sync routes with a bearer token. */
  readonly allowsOtherOrigins: boolean;
  /** False where a proxy in front cannot pass event streams on: clients then poll. */
  readonly isWatchOn: boolean;
  readonly signInsPerQuarterHour: number;
  /** Signs cookies; null: one is made and kept in the database. */
  readonly secret: string | null;
  /** Shows counters in `/syncx/status`; null: nobody sees them. */
  readonly operatorToken: string | null;
  readonly logLevel: LogLevel;
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const defaultPort = 4700;

const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

type Given = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as absent: that is how compose files and shells switch one off. */
const read = (given: Given, name: string): string | null => {
  const value = given[name]?.trim();
  return value === undefined || value === '' ? null : value;
};

function readInteger(
  given: Given,
  name: string,
  fallback: number,
  from: number,
  to: number,
): Result<number, string> {
  const text = read(given, name);
  if (text === null) return ok(fallback);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return ok(value);
  return err(`${name} must be a whole number from ${from} to ${to}.`);
}

function readPublicUrl(given: Given): Result<string | null, string> {
  const text = read(given, 'LARDER_PUBLIC_URL');
  if (text === null) return ok(null);
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:' && url.pathname === '/') return ok(url.origin);
  }
  return err(
    'LARDER_PUBLIC_URL must be an https address without a path, e.g. https://larder.example.',
  );
}

function readDatabaseUrl(given: Given): Result<string | null, string> {
  const text = read(given, 'DATABASE_URL');
  if (text === null) return ok(null);
  // The value itself stays out of the message: it holds a password.
  if (/^postgres(ql)?:\/\/./.test(text) && URL.canParse(text)) return ok(text);
  return err('DATABASE_URL must look like postgres://user:password@host:5432/database.');
}

export function decodeEnv(given: Given, workingFolder: string): Result<Env, string> {
  const port = readInteger(given, 'PORT', defaultPort, 0, 65_535);
  if (!port.ok) return port;
  const signIns = readInteger(given, 'LARDER_SIGN_INS_PER_QUARTER_HOUR', 10, 1, 1_000_000);
  if (!signIns.ok) return signIns;
  const publicUrl = readPublicUrl(given);
  if (!publicUrl.ok) return publicUrl;
  const databaseUrl = readDatabaseUrl(given);
  if (!databaseUrl.ok) return databaseUrl;

  const host = read(given, 'HOST') ?? '127.0.0.1';
  if (!isLoopbackHost(host) && publicUrl.value === null) {
    return err(
      `HOST=${host} opens Larder to the network; browsers keep offline storage only on https. Put a TLS proxy in front and set LARDER_PUBLIC_URL=https://….`,
    );
  }
  const secret = read(given, 'LARDER_SECRET');
  if (secret !== null && secret.length < 32) {
    return err('LARDER_SECRET must have at least 32 characters.');
  }
  const operatorToken = read(given, 'LARDER_OPERATOR_TOKEN');
  if (operatorToken !== null && operatorToken.length < 32) {
    return err('LARDER_OPERATOR_TOKEN must have at least 32 characters.');
  }
  const logText = read(given, 'LARDER_LOG_LEVEL') ?? 'info';
  const logLevel = logLevels.find((level) => level === logText);
  if (logLevel === undefined) {
    return err(`LARDER_LOG_LEVEL must be one of ${logLevels.join(', ')}.`);
  }
  return ok({
    host,
    port: port.value,
    databaseUrl: databaseUrl.value,
    dataDir: resolve(workingFolder, read(given, 'LARDER_DATA') ?? '.larder'),
    publicUrl: publicUrl.value,
    trustProxy: read(given, 'LARDER_TRUST_PROXY') === '1',
    allowsOtherOrigins: read(given, 'LARDER_CORS') === '1',
    isWatchOn: read(given, 'LARDER_WATCH') !== 'off',
    signInsPerQuarterHour: signIns.value,
    secret,
    operatorToken,
    logLevel,
  });
}

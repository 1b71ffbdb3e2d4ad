/**
 * The server process: takes its port, finds its database, brings it up to date, serves, and ends in
 * order. Everything that can be wrong with the surroundings is one line on standard error and exit
 * code 1. A second signal ends at once, which is safe: a push that was cut off is sent again.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import postgres from 'postgres';
import { createApp } from './app.ts';
import { createAuth, loadSecret } from './auth/auth.ts';
import { createHouseholds } from './auth/households.ts';
import { connectDatabase } from './connect-database.ts';
import { migrations } from './db/kitchen.ts';
import { migrate } from './db/migrate.ts';
import { type Pool, createPool, reconnectSeconds } from './db/pool.ts';
import { MigrationFailure } from './db/start-turn.ts';
import { type Env, decodeEnv } from './env.ts';
import { type Listener, listen } from './listen.ts';
import { type OperatorCommand, readCommand, runCommand } from './operator-commands.ts';
import { createOriginsOf } from './origins.ts';
import { readStaticFiles } from './routes/static.ts';
import { type Stop, createStop } from './stop.ts';
import { startSync } from './start-sync.ts';

const drainMs = 10_000;

const say = (line: string): void => {
  process.stdout.write(`larder: ${line}\n`);
};

// A terminal that was closed must not keep the end from being orderly.
process.stdout.on('error', () => {});

const stop = createStop(say);

async function fail(line: string): Promise<never> {
  process.stderr.write(`larder: ${line}\n`);
  await stop.end(1);
  throw new Error('unreachable: the process has ended');
}

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? String(error.code) : null;

async function openPool(url: string): Promise<Pool> {
  const pool = createPool({ url });
  stop.atEnd(() => pool.close());
  try {
    const done = await migrate(pool, migrations);
    if (done.length > 0) say(`brought the database up to date (${done.length} steps)`);
  } catch (error) {
    if (error instanceof MigrationFailure) await fail(error.message);
    await fail(`The database could not be brought up to date (${codeOf(error) ?? 'unknown'}).`);
  }
  return pool;
}

async function serve(env: Env, listener: Listener, url: string, baseUrl: string): Promise<void> {
  const logger = pino({ level: env.logLevel, base: null });
  const pool = await openPool(url);
  // Drizzle changes how its client reads dates, so that accounts have connections of their own.
  const sql = postgres(url, {
    max: 5,
    connect_timeout: 5,
    backoff: reconnectSeconds,
    onnotice: () => {},
  });
  stop.atEnd(() => sql.end({ timeout: 5 }));

  const originsOf = createOriginsOf(env.publicUrl);
  const auth = createAuth({
    sql,
    secret: env.secret ?? (await loadSecret(sql, randomBytes(32).toString('base64url'))),
    baseUrl,
    secureCookies: env.publicUrl !== null,
    originsOf,
    signInsPerQuarterHour: env.signInsPerQuarterHour,
  });
  const sync = await startSync({
    pool,
    databaseUrl: url,
    authenticate: auth.authenticate,
    originsOf,
    logger,
    operatorToken: env.operatorToken,
    allowsOtherOrigins: env.allowsOtherOrigins,
    isWatchOn: env.isWatchOn,
    onProgress: say,
  }).catch((error: unknown) => {
    if (error instanceof MigrationFailure) return fail(`${error.message}.`);
    const code = codeOf(error);
    if (code !== null) return fail(`The database could not be prepared (${code}).`);
    throw error;
  });
  const app = createApp({
    auth,
    households: createHouseholds(sql),
    originsOf,
    logger,
    lifecycle: { isStopping: stop.isStopping, isDatabaseWritable: async () => isWritable(sql) },
    syncRoutes: sync.routes,
    staticFiles: readStaticFiles(fileURLToPath(new URL('../app/', import.meta.url))),
    isHttps: env.publicUrl !== null,
    trustProxy: env.trustProxy,
  });
  stop.atEnd(() => listener.close(drainMs));
  stop.atEnd(sync.stop);
  listener.open(app.fetch);
}

async function isWritable(sql: postgres.Sql): Promise<boolean> {
  try {
    const [row] = await sql<{ writable: boolean }[]>`select not pg_is_in_recovery() as writable`;
    return row?.writable === true;
  } catch {
    return false; // The reason is the database's; `/ready` says only that it is not.
  }
}

/** One thing done for the operator, without serving anybody. */
async function runOnce(started: Stop, env: Env, command: OperatorCommand): Promise<void> {
  const database = await connectDatabase(env, say);
  if (!database.ok) return fail(database.error);
  started.atEnd(database.value.stop);
  const done = await runCommand(command, await openPool(database.value.url));
  if (!done.ok) return fail(done.error);
  say(done.value);
  await started.end(0);
}

async function main(started: Stop): Promise<void> {
  const env = decodeEnv(process.env, process.cwd());
  if (!env.ok) return fail(env.error);
  const command = readCommand(process.argv.slice(2));
  if (!command.ok) return fail(command.error);
  if (command.value !== null) return runOnce(started, env.value, command.value);
  const listener = await listen(env.value.host, env.value.port);
  if (!listener.ok) return fail(listener.error);
  const database = await connectDatabase(env.value, say);
  if (!database.ok) return fail(database.error);
  started.atEnd(database.value.stop);
  const baseUrl = env.value.publicUrl ?? `http://localhost:${listener.value.port}`;
  await serve(env.value, listener.value, database.value.url, baseUrl);
  say(`ready at ${baseUrl}`);
}

await main(stop);

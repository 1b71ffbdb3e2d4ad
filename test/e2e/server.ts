/**
 * The built server as a process of its own, on a free port, over an embedded Postgres that the test
 * owns: killing the server leaves the database, so that a test can look at what was committed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../api/db/embedded.ts';

export interface RunningLarder {
  /** Changes its port at `restart`. */
  readonly url: string;
  readonly databaseUrl: string;
  /** What the present API process has printed, its last million characters. */
  log(): string;
  /** SIGKILL to the API process, as the kernel would; the database lives on. */
  kill(): Promise<void>;
  /** Starts the API process again on the same database, perhaps of another build. */
  restart(main?: string): Promise<void>;
  /** Ends everything in order and removes the data. */
  stop(): Promise<void>;
}

interface Api {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<void>;
  readonly log: () => string;
}

const LOG_CHARACTERS_MAX = 1_000_000;
const startMsMax = 30_000;
const built = join(import.meta.dirname, '../../dist/server/main.js');

async function startApi(databaseUrl: string, main = built): Promise<Api> {
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      DATABASE_URL: databaseUrl,
      LARDER_LOG_LEVEL: 'debug',
      LARDER_SIGN_INS_PER_QUARTER_HOUR: '100000', // Every test person comes from one address.
    },
    // The channel tells the server when this process is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  let output = '';
  let isReady = false;
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`the server did not become ready:\n${output}`));
    }, startMsMax);
    const read = (chunk: Buffer): void => {
      const text = chunk.toString();
      output = (output + text).slice(-LOG_CHARACTERS_MAX);
      // Errors of the server belong into the report of the test that caused them.
      if (/"level":[56]0/.test(text)) process.stderr.write(text);
      if (isReady) return;
      const ready = /ready at http:\/\/localhost:(\d+)/.exec(output);
      if (ready?.[1] === undefined) return;
      isReady = true;
      clearTimeout(late);
      resolve(`http://localhost:${ready[1]}`);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void ended.then(() => {
      clearTimeout(late);
      reject(new Error(`the server ended before it was ready:\n${output}`));
      return undefined;
    });
  });
  return { child, url, ended, log: () => output };
}

async function endApi(api: Api, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  api.child.kill(signal);
  await api.ended;
}

export async function startLarder(): Promise<RunningLarder> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-e2e-'));
  chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
  const database = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), noSync: true });
  let api = await startApi(database.url);
  return {
    get url() {
      return api.url;
    },
    databaseUrl: database.url,
    log: () => api.log(),
    kill: async () => endApi(api, 'SIGKILL'),
    restart: async (main) => {
      await endApi(api, 'SIGTERM');
      api = await startApi(database.url, main);
    },
    stop: async () => {
      await endApi(api, 'SIGTERM');
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

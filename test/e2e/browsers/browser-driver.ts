/**
 * What the conformance journey needs of a browser, whatever protocol reaches it: open a page, evaluate in
 * it, kill the process, open the same profile again. And what the drivers share: programs that are killed
 * with all their children, and remote calls that are answered by number.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { openMessageLine } from './web-socket.ts';

export interface OpenBrowser {
  readonly version: string;
  /** Resolves when the page has loaded. */
  goto(url: string): Promise<void>;
  /** Runs a self-contained function in the page; arguments and answer travel as JSON. */
  evaluate<A extends unknown[], T>(work: (...given: A) => T | Promise<T>, ...given: A): Promise<T>;
  /** Runs a classic script in the page, whatever its content security policy says. */
  runScript(text: string): Promise<void>;
  /** What the page looks like: for the report of a journey that failed. */
  screenshot(): Promise<Buffer>;
  /** SIGKILL to the browser and its children; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface BrowserDriver {
  readonly name: 'Chromium' | 'Firefox' | 'WebKit';
  /** The store that a database must live in here; null: whichever the browser offers first. */
  readonly home: 'opfs-async' | 'indexeddb' | null;
  launch(profile: string): Promise<OpenBrowser>;
}

/** An expression for any protocol that can wait for a promise and give back a string. */
export const asExpression = (
  work: (...given: never[]) => unknown,
  given: readonly unknown[],
): string =>
  `(async () => JSON.stringify((await (${work.toString()})(...${JSON.stringify(given)})) ?? null))()`;

export interface Program {
  readonly child: ChildProcess;
  /** What it wrote, for the report when it does not start. */
  readonly output: () => string;
  readonly kill: () => Promise<void>;
}

const running = new Set<number>();
process.once('exit', () => {
  for (const pid of running) killGroup(pid);
});

/** Starts a program as the head of a process group of its own, which is killed as one. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Program {
  const child = spawn(command, args, {
    detached: true,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  return {
    child,
    output: () => output,
    async kill() {
      if (pid !== undefined) killGroup(pid);
      await ended;
      if (pid !== undefined) running.delete(pid);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Nothing in a page takes longer; a lost answer becomes an error that names its place. */
export const ANSWER_MS_MAX = 60_000;

export function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Asks again until there is an answer. `what` is said when there is none in time. */
export async function waitFor<T>(
  what: () => string,
  ask: () => Promise<T | null>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // A question may be lost with the page that it was put to.
    const answer = await within(5_000, ask()).catch(() => null);
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly message?: string;
  readonly method?: string;
  readonly params?: unknown;
}

export interface CallLine {
  call(method: string, params: object): Promise<unknown>;
  /** Rejects when the browser is gone. */
  readonly gone: Promise<never>;
}

/** Numbers calls, finds the answer to each, and hands everything else to `onEvent`. */
export async function openCallLine(
  url: string,
  onEvent: (method: string, params: unknown) => void,
): Promise<CallLine> {
  const waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (e: Error) => void }
  >();
  let lastId = 0;
  const answer = (text: string): void => {
    const reply = JSON.parse(text) as Reply;
    if (typeof reply.id !== 'number') {
      if (reply.method !== undefined) onEvent(reply.method, reply.params);
      return;
    }
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) call?.resolve(reply.result);
    else call?.reject(new Error(`${JSON.stringify(reply.error)} ${reply.message ?? ''}`));
  };
  let leave = (): void => undefined;
  const gone = new Promise<never>((_resolve, reject) => {
    leave = () => reject(new Error('the browser is gone'));
  });
  gone.catch(() => undefined);
  const line = await openMessageLine(url, answer, leave);
  return {
    gone,
    call(method, params) {
      lastId += 1;
      const id = lastId;
      line.send(JSON.stringify({ id, method, params }));
      const answered = new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      });
      return within(ANSWER_MS_MAX, Promise.race([answered, gone]));
    },
  };
}

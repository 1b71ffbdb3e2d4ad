/**
 * WebKitGTK's MiniBrowser on a virtual screen, over the protocol of its Web Inspector. Its WebDriver would
 * be the usual way, but under automation MiniBrowser keeps everything in memory, and a profile that is
 * opened again is the point here.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  ANSWER_MS_MAX,
  asExpression,
  type BrowserDriver,
  findFreePort,
  openCallLine,
  startProgram,
  waitFor,
  within,
} from './browser-driver.ts';

export function webkitDriver(executable: string): BrowserDriver {
  return {
    name: 'WebKit',
    home: 'indexeddb',
    async launch(profile) {
      const port = await findFreePort();
      const screen = await startScreen();
      const program = startProgram(
        executable,
        ['--geometry=390x900', `--cookies-file=${join(profile, 'cookies')}`, 'about:blank'],
        {
          DISPLAY: screen.display,
          GDK_BACKEND: 'x11',
          NO_AT_BRIDGE: '1',
          HOME: profile,
          XDG_DATA_HOME: join(profile, 'data'),
          XDG_CACHE_HOME: join(profile, 'cache'),
          XDG_CONFIG_HOME: join(profile, 'config'),
          XDG_RUNTIME_DIR: profile,
          WEBKIT_INSPECTOR_HTTP_SERVER: `127.0.0.1:${port}`,
        },
      );
      const page = await openPageLine(port, () => program.output());
      return {
        version: findVersion(executable, screen.display),
        goto: (url) => page.goto(url),
        evaluate: async (work, ...given) => JSON.parse(await page.run(asExpression(work, given))),
        async runScript(text) {
          await page.run(`{ ${text} }; Promise.resolve('')`);
        },
        screenshot: () => page.screenshot(),
        async kill() {
          await program.kill();
          await screen.kill();
        },
      };
    },
  };
}

const findVersion = (executable: string, display: string): string =>
  execFileSync(executable, ['--version'], { env: { DISPLAY: display }, encoding: 'utf8' }).trim();

/** A screen that nobody sees, on a number that Xvfb finds free. */
async function startScreen() {
  const program = startProgram(
    'Xvfb',
    ['-displayfd', '1', '-screen', '0', '800x1000x24', '-nolisten', 'tcp'],
    {},
  );
  const display = await waitFor(
    () => `Xvfb:\n${program.output()}`,
    async () => /^\d+$/m.exec(program.output())?.[0] ?? null,
  );
  return { display: `:${display}`, kill: () => program.kill() };
}

interface Remote {
  readonly type: string;
  readonly value?: unknown;
  readonly objectId?: string;
  readonly description?: string;
}
interface Evaluated {
  readonly result: Remote;
  readonly wasThrown?: boolean;
}
interface TargetEvent {
  readonly targetInfo?: {
    readonly targetId: string;
    readonly type: string;
    isProvisional?: boolean;
  };
  readonly newTargetId?: string;
  readonly message?: string;
}

/** The page's own line runs inside that of the window, and moves when another process takes the page over. */
async function openPageLine(port: number, output: () => string) {
  const waiting = new Map<number, (reply: { result?: unknown; error?: unknown }) => void>();
  let lastId = 0;
  let target: string | null = null;

  const onEvent = (method: string, params: unknown): void => {
    const { targetInfo, newTargetId, message } = params as TargetEvent;
    if (method === 'Target.targetCreated' && targetInfo?.type === 'page') {
      if (targetInfo.isProvisional !== true) target = targetInfo.targetId;
    } else if (method === 'Target.didCommitProvisionalTarget') {
      target = newTargetId ?? target;
    } else if (method === 'Target.dispatchMessageFromTarget' && message !== undefined) {
      const reply = JSON.parse(message) as { id?: number; result?: unknown; error?: unknown };
      if (reply.id === undefined) return;
      waiting.get(reply.id)?.(reply);
      waiting.delete(reply.id);
    }
  };
  const line = await waitFor(
    () => `MiniBrowser:\n${output()}`,
    async () => {
      const list = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      const path = /\/socket\/\d+\/\d+\/WebPage/.exec(list)?.[0];
      return path === undefined ? null : openCallLine(`ws://127.0.0.1:${port}${path}`, onEvent);
    },
  );
  await waitFor(
    () => 'the page of MiniBrowser',
    async () => target,
  );

  async function call(method: string, params: object): Promise<unknown> {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<{ result?: unknown; error?: unknown }>((resolve) => {
      waiting.set(id, resolve);
    });
    const message = JSON.stringify({ id, method, params });
    await line.call('Target.sendMessageToTarget', { targetId: target, message });
    const { result, error } = await within(ANSWER_MS_MAX, Promise.race([answered, line.gone]));
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async function run(expression: string): Promise<string> {
    const begun = (await call('Runtime.evaluate', { expression })) as Evaluated;
    if (begun.wasThrown === true) throw new Error(begun.result.description);
    const { objectId: promiseObjectId } = begun.result;
    const ended = await call('Runtime.awaitPromise', { promiseObjectId, returnByValue: true });
    const { result, wasThrown } = ended as Evaluated;
    if (wasThrown === true) throw new Error(result.description ?? JSON.stringify(result.value));
    return String(result.value);
  }

  return {
    run,
    async goto(url: string): Promise<void> {
      await within(10_000, call('Page.navigate', { url }));
      const isThere = (wanted: string): boolean =>
        location.href === wanted && document.readyState === 'complete';
      await waitFor(
        () => url,
        async () => ((await run(asExpression(isThere, [url]))) === 'true' ? true : null),
      );
    },
    async screenshot(): Promise<Buffer> {
      const shown = { x: 0, y: 0, width: 800, height: 900, coordinateSystem: 'Viewport' };
      const { dataURL } = (await call('Page.snapshotRect', shown)) as { readonly dataURL: string };
      return Buffer.from(dataURL.slice(dataURL.indexOf(',') + 1), 'base64');
    },
  };
}

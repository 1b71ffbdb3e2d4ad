/** The system's Firefox, headless, over WebDriver BiDi, which it serves itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asExpression,
  type BrowserDriver,
  type CallLine,
  openCallLine,
  startProgram,
  waitFor,
} from './browser-driver.ts';

export function firefoxDriver(executable: string): BrowserDriver {
  return {
    name: 'Firefox',
    home: 'opfs-async',
    async launch(profile) {
      const program = startProgram(
        executable,
        ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', profile],
        { HOME: profile, MOZ_HEADLESS_WIDTH: '390', MOZ_HEADLESS_HEIGHT: '844' },
      );
      // The file of a former run names a port that nobody listens to; the line is opened by trying.
      const line = await waitFor(
        () => `Firefox:\n${program.output()}`,
        async () => {
          const text = await readFile(join(profile, 'WebDriverBiDiServer.json'), 'utf8');
          const { ws_port: port } = JSON.parse(text) as { readonly ws_port: number };
          return openCallLine(`ws://127.0.0.1:${port}/session`, () => undefined);
        },
      );
      const { capabilities } = (await line.call('session.new', { capabilities: {} })) as {
        readonly capabilities: { readonly browserVersion: string };
      };
      const context = await firstContext(line);
      const run = async (expression: string): Promise<string> => {
        const target = { context };
        const params = { expression, target, awaitPromise: true };
        const said = (await line.call('script.evaluate', params)) as Evaluated;
        if (said.type === 'exception') throw new Error(said.exceptionDetails?.text);
        return said.result?.value ?? '';
      };
      return {
        version: capabilities.browserVersion,
        async goto(url) {
          await line.call('browsingContext.navigate', { context, url, wait: 'complete' });
        },
        evaluate: async (work, ...given) => JSON.parse(await run(asExpression(work, given))),
        async runScript(text) {
          await run(`{ ${text} }; ''`);
        },
        async screenshot() {
          const shot = await line.call('browsingContext.captureScreenshot', { context });
          return Buffer.from((shot as { readonly data: string }).data, 'base64');
        },
        kill: () => program.kill(),
      };
    },
  };
}

interface Evaluated {
  readonly type: 'success' | 'exception';
  readonly result?: { readonly value: string };
  readonly exceptionDetails?: { readonly text: string };
}

async function firstContext(line: CallLine): Promise<string> {
  const { contexts } = (await line.call('browsingContext.getTree', {})) as {
    readonly contexts: readonly { readonly context: string }[];
  };
  const [first] = contexts;
  if (first === undefined) throw new Error('Firefox has no tab');
  return first.context;
}

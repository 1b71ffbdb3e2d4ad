/**
 * `npm run dev`: Vite serves the app with hot reload on the usual port and passes the data routes to
 * the server, which is rebuilt and restarted when its sources change. The server is a child with a
 * channel to this process: when this process is gone, however it went, the child ends itself.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { root } from './prepare.mjs';
import { fail, say } from './report.mjs';

const findFreePort = () =>
  new Promise((resolve, reject) => {
    const socket = createSocket();
    socket.on('error', reject);
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });

/** The server as a child that can be replaced; one change at a time, in order. */
function createServerProcess(serverPort) {
  let child = null;
  let isStopped = false;
  let turn = Promise.resolve();

  const end = async () => {
    const ending = child;
    if (ending === null || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGTERM');
    await ended;
  };
  const replace = async () => {
    await end();
    if (isStopped) return;
    child = spawn(process.execPath, ['--enable-source-maps', join(root, 'dist/server/main.js')], {
      cwd: root,
      env: { ...process.env, PORT: String(serverPort), npm_lifecycle_event: undefined },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  };
  return {
    restart: () => {
      turn = turn.then(replace);
    },
    stop: async () => {
      isStopped = true;
      await turn;
      await end();
    },
  };
}

// The screens of sync have a folder of that name: files with an ending are the app's own.
const dataRoutes = [
  '^/sync/(?!.*\\.(?:tsx?|css)(?:\\?|$))',
  '^/syncx/',
  '^/api/',
  '^/health$',
  '^/ready$',
];

export async function startDevelopment() {
  const { build, createServer } = await import('vite');
  const configFile = join(root, 'vite.config.ts');
  const port = Number(process.env.PORT || 4700);
  const serverPort = await findFreePort();
  mkdirSync(join(root, 'dist/app'), { recursive: true });
  // What dist holds from now on follows the sources as they change, so no build is up to date.
  rmSync(join(root, 'dist/.stamp'), { force: true });

  const server = createServerProcess(serverPort);
  const watcher = await build({
    root,
    configFile,
    logLevel: 'warn',
    build: { ssr: 'api/main.ts', watch: {} },
  });
  watcher.on('event', (event) => {
    if (event.code === 'END') server.restart();
    if (event.code === 'ERROR') say(`the server does not build: ${event.error.message}`);
  });

  const target = `http://127.0.0.1:${serverPort}`;
  const proxy = Object.fromEntries(dataRoutes.map((path) => [path, { target }]));
  // The server's build has set it to production, and with it the pages would register a service worker.
  process.env.NODE_ENV = 'development';
  const pages = await createServer({
    configFile,
    server: { port, strictPort: true, host: '127.0.0.1', proxy },
  });
  endOnSignal(async () => {
    await Promise.allSettled([watcher.close(), pages.close(), server.stop()]);
  });
  try {
    await pages.listen();
  } catch (error) {
    await server.stop();
    fail(
      /in use/.test(String(error.message))
        ? `Port ${port} is busy. Stop the program that uses it, or choose another: npm run dev -- --port ${port + 1}`
        : `The development server cannot start: ${error.message}`,
    );
  }
  say(`developing at http://localhost:${port}`);
}

function endOnSignal(work) {
  let firstSignalAt = null;
  const onSignal = () => {
    if (firstSignalAt === null) {
      firstSignalAt = Date.now();
      void work().then(() => process.exit(0));
    } else if (Date.now() - firstSignalAt > 1000) {
      // npm passes Ctrl-C on although the terminal has done so: an echo is not a second signal.
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
}

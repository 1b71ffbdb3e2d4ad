/**
 * `npm start`: from a clean clone to a running Larder, saying one line per step. The server runs in
 * this very process, so that there is one thing to stop and nothing to leave behind.
 *
 *   npm start -- --port 4701      another port (also PORT)
 *   DATABASE_URL=postgres://…     your own Postgres instead of the embedded one
 *   LARDER_DATA=/path             where the embedded one keeps its data (default: .larder)
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrepareFailed, checkNode, ensureBuilt, ensureDependencies, root } from './prepare.mjs';
import { fail, stopStepsOnSignal } from './report.mjs';

function readArguments(given) {
  const options = { port: undefined, dev: false };
  for (let index = 0; index < given.length; index += 1) {
    const [name, attached] = given[index].split('=', 2);
    if (name === '--dev') options.dev = true;
    else if (name === '--port') options.port = attached ?? given[(index += 1)] ?? '';
    else fail(`Unknown argument ${name}. Known: --port <number>, --dev.`);
  }
  return options;
}

const options = readArguments(process.argv.slice(2));
checkNode();
if (options.port !== undefined) process.env.PORT = options.port;
if (options.port === '') fail('--port needs a number.');
process.env.LARDER_DATA = resolve(root, process.env.LARDER_DATA || '.larder');
// A person at a terminal reads our lines; request logs are for machines and for who asks for them.
process.env.LARDER_LOG_LEVEL ??= process.stdout.isTTY ? 'warn' : 'info';

const release = stopStepsOnSignal();
try {
  await ensureDependencies();
  if (!options.dev) await ensureBuilt();
} catch (error) {
  if (!(error instanceof PrepareFailed)) throw error;
  fail(error.message, error.output);
}
release();
if (options.dev) {
  const { startDevelopment } = await import('./develop.mjs');
  await startDevelopment();
} else {
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(join(root, 'dist/server/main.js')).href);
}

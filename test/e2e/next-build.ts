/**
 * The next version of the app, made of the built one: the same code under other hashed names, as a change of
 * one line would give it. Lies inside the repository, so that the server finds its packages.
 */
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '../../dist');

/** Returns the path of the server's script. */
export function makeNextBuild(folder: string): string {
  cpSync(dist, folder, { recursive: true });
  const app = join(folder, 'app');
  const renamed = readdirSync(join(app, 'assets'))
    .filter((name) => /^(index|shared-worker)-.*\.js$/.test(name))
    .map((name) => [name, name.replace(/\.js$/, 'Next.js')] as const);
  const texts = readdirSync(app, { recursive: true, encoding: 'utf8' });
  for (const path of texts.filter((name) => /\.(js|html)$/.test(name))) {
    let text = readFileSync(join(app, path), 'utf8');
    for (const [name, next] of renamed) text = text.replaceAll(name, next);
    // Files with fixed names are stored again only where their revision differs.
    if (path === 'sw.js') text = text.replaceAll(/"revision":"[0-9a-f]{4}/g, '"revision":"0000');
    writeFileSync(join(app, path), text);
  }
  for (const [name, next] of renamed) {
    renameSync(join(app, 'assets', name), join(app, 'assets', next));
  }
  return join(folder, 'server/main.js');
}

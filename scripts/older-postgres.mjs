/**
 * Finds an installed Postgres that is older than the embedded one: `TEST_POSTGRES_BIN`, or the oldest of the
 * places where distributions put one, from 15 on.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const majors = [15, 16, 17];
const places = (major) => [
  `/usr/lib/postgresql/${major}/bin`, // Debian, Ubuntu
  `/usr/pgsql-${major}/bin`, // Red Hat, Fedora
  `/usr/libexec/postgresql${major}`, // Alpine
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
];

export function findOlderPostgres() {
  const given = process.env.TEST_POSTGRES_BIN;
  const candidates = given ? [given] : majors.flatMap(places);
  const bin = candidates.find(
    (folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')),
  );
  if (bin === undefined) return null;
  const text = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  return { bin, version: /\d+(\.\d+)*/.exec(text)?.[0] ?? 'of unknown version' };
}

/**
 * What an operator runs by hand, on a database that no server is using: `main.js new-epoch` after a
 * restore, `main.js adopt` for rows that were there before their table was synced. Each brings the
 * database up to date first, does one thing, says so, and ends.
 */
import { type Result, err, ok } from '../shared/result.ts';
import { kitchenSync } from './db/kitchen.ts';
import { installSync } from './db/migrate.ts';
import type { Pool } from './db/pool.ts';
import { beginServerEpoch } from './db/server-epoch.ts';
import { MigrationFailure } from './db/start-turn.ts';

export type OperatorCommand = 'new-epoch' | 'adopt';

/** Null when the process was started to serve. */
export function readCommand(args: readonly string[]): Result<OperatorCommand | null, string> {
  // Options belong to the script that started us.
  const name = args.find((argument) => !argument.startsWith('-'));
  if (name === undefined) return ok(null);
  if (name === 'new-epoch' || name === 'adopt') return ok(name);
  return err(`There is no command "${name}". Known are: new-epoch, adopt.`);
}

/** What was done, as a line for the operator. */
export async function runCommand(
  command: OperatorCommand,
  pool: Pool,
): Promise<Result<string, string>> {
  try {
    if (command === 'adopt') {
      const { adoptedScopes } = await installSync(pool, kitchenSync, { adopt: true });
      return ok(`adopted the rows of ${String(adoptedScopes)} households`);
    }
    await installSync(pool, kitchenSync);
    return ok(`began server epoch ${await beginServerEpoch(pool.sql)}`);
  } catch (error) {
    if (error instanceof MigrationFailure) return err(`${error.message}.`);
    throw error;
  }
}

/** A database of its own for one test file, on the server that the `pg` project started. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import './pg-server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Drops it with whatever is still connected. */
  drop(): Promise<void>;
}

export const createTestDatabase = (): Promise<TestDatabase> => create('template1');

/** A copy as it is now, like a backup put back. Nobody may be connected to the original. */
export const copyTestDatabase = ({ url }: TestDatabase): Promise<TestDatabase> =>
  create(new URL(url).pathname.slice(1));

async function create(template: string): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string): Promise<void> => {
    const sql = postgres(serverUrl, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  await run(`create database ${name} template ${template}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => run(`drop database ${name} with (force)`) };
}

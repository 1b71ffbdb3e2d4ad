/**
 * The engine over the real durable store (page capture and page log, files in memory): what it promises does
 * not depend on the simulator's database. After every step the process dies and the files are opened anew.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createEngine } from '../../worker/engine/engine.ts';
import type { Engine } from '../../worker/engine/engine.ts';
import type { LocalDatabase } from '../../worker/engine/ports.ts';
import { createBrowserClock } from '../../worker/host/browser-clock.ts';
import { randomBytes } from '../../worker/host/crypto-ids.ts';
import { openLocalDatabase } from '../../worker/host/local-database.ts';
import { createMemoryFiles } from '../../worker/host/memory-files.ts';
import { createModelServer } from '../sim/model-server.ts';
import { createFastClock, createIds, createJournal, createRandom } from '../sim/world.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const NOW = '2026-11-22T10:00:00.000Z';
const TEST_MS_MAX = 60_000;

test(
  '[STORE-62] the engine over the page log keeps what it acknowledged through every restart',
  async () => {
    const store = createMemoryFiles();
    // sql.js has one instance per process, and the store must be the one that makes it.
    await (
      await openLocalDatabase({ store, clock: createBrowserClock(), randomBytes, wasm })
    ).close();
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const ids = createIds(createRandom(17));
    const start = async (): Promise<{ engine: Engine; database: LocalDatabase }> => {
      const database = await openLocalDatabase({
        store,
        clock: createBrowserClock(),
        randomBytes,
        wasm,
      });
      const engine = createEngine({
        database,
        schema: kitchenSchema,
        transport: server.transport,
        clock: createFastClock(),
        ids,
        journal: createJournal(),
      });
      expect(await engine.open()).toEqual({ ok: true, value: undefined });
      return { engine, database };
    };
    const add = (engine: Engine, name: string) =>
      engine.write((sql) => {
        sql.run(
          `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, 1, ?3, ?3)`,
          [ids.rowId(), name, NOW],
        );
      });
    const names = (database: LocalDatabase) =>
      database.sql.all('select name from tags order by name').map((row) => row['name']);

    const first = await start();
    const seen: unknown[] = [];
    first.engine.watch(
      (sql) => sql.all('select name from tags'),
      (rows) => seen.push(rows),
    );
    expect(await add(first.engine, 'one')).toMatchObject({ ok: true });
    expect(await first.engine.attach('household')).toMatchObject({ outcome: 'seeded-from-local' });

    const second = await start();
    expect(names(second.database)).toEqual(['one']);
    expect(await second.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
    server.serverWrite(
      `insert into tags (id, name, name_key, hue, created_at, edited_at)
       values ('00000000-0000-7000-8000-00000000abcd', 'theirs', 'theirs', 2, '${NOW}', '${NOW}')`,
    );

    const third = await start();
    expect(third.engine.status()).toMatchObject({ checkpoint: 1, unsent: { rows: 0 } });
    expect(await third.engine.sync()).toMatchObject({
      pulled: 'applied-incremental',
      failure: null,
    });

    const fourth = await start();
    expect(names(fourth.database)).toEqual(['one', 'theirs']);
    expect(fourth.engine.status().checkpoint).toBe(2);
    expect(seen.at(-1)).toEqual([{ name: 'one' }]);
    for (const { engine, database } of [first, second, third, fourth]) {
      await engine.stop();
      await database.close();
    }
  },
  TEST_MS_MAX,
);

/**
 * A disk that fills up under a device with unsent work, over the real durable store: nothing is promised that
 * is not kept, acts are refused with the reason, what waits is sent all the same, nothing is pulled, and all of
 * it ends by itself once there is room.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createEngine } from '../../worker/engine/engine.ts';
import type { Engine } from '../../worker/engine/engine.ts';
import { createBrowserClock } from '../../worker/host/browser-clock.ts';
import { randomBytes } from '../../worker/host/crypto-ids.ts';
import { openLocalDatabase } from '../../worker/host/local-database.ts';
import { createMemoryFiles } from '../../worker/host/memory-files.ts';
import { createStoreNews, withStore } from '../../worker/stored-engine.ts';
import type { Store } from '../../worker/store/files.ts';
import { withQuota } from '../sim/files-model.ts';
import { createModelServer } from '../sim/model-server.ts';
import { createFastClock, createIds, createJournal, createRandom } from '../sim/world.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const NOW = '2026-11-22T10:00:00.000Z';

test('[STORE-314] on a full disk acts are refused, what waits is sent, nothing is pulled, until there is room', async () => {
  const inner: Store = {
    ...createMemoryFiles(),
    survives: { processKill: true, powerCut: true },
  };
  const disk = withQuota(inner);
  const ids = createIds(createRandom(23));
  const news = createStoreNews();
  const database = await openLocalDatabase({
    store: disk.store,
    clock: createBrowserClock(),
    randomBytes,
    wasm,
    onRoom: news.onRoom,
  });
  // sql.js has one instance per process, and the store must be the one that makes it.
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport: server.transport,
    clock: createFastClock(),
    ids,
    journal: createJournal(),
  });
  const stored = withStore(engine, database, news);
  expect(await engine.open()).toMatchObject({ ok: true });
  const add = (name: string): ReturnType<Engine['write']> =>
    stored.write((sql) => {
      sql.run(
        `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, 1, ?3, ?3)`,
        [ids.rowId(), name, NOW],
      );
    });
  const names = () =>
    database.sql.all('select name from tags order by name').map(({ name }) => name);
  const serverNames = () => [...server.rows('tags').values()].map(({ name }) => name);
  const phases: string[] = [];
  stored.watchStatus(({ phase }) => void phases.push(phase));

  expect(await stored.attach('household')).toMatchObject({ outcome: 'started-empty' });
  await add('before');
  expect(await stored.sync()).toMatchObject({ pushed: 'committed', failure: null });
  await database.retrySaving();

  // The disk is full. The act that finds out is kept in the reserve, the next one is refused.
  disk.setQuota(disk.usedBytes());
  expect(await add('the one that met it')).toMatchObject({ ok: true });
  expect(await add('refused')).toMatchObject({ ok: false, error: { type: 'not-durable' } });
  expect(stored.status().phase).toBe('storage-full');
  expect(phases.at(-1)).toBe('storage-full');
  expect(names()).toEqual(['before', 'the one that met it']);

  // Ours goes to the server; somebody else's row does not come here.
  expect(await stored.sync()).toMatchObject({ pushed: 'committed' });
  expect(serverNames()).toContain('the one that met it');
  expect(stored.status().unsent.rows).toBe(0);
  server.serverWrite(
    `insert into tags (id, name, name_key, hue, created_at, edited_at)
     values ('00000000-0000-7000-8000-00000000abcd', 'theirs', 'theirs', 2, '${NOW}', '${NOW}')`,
  );
  expect(await stored.sync()).toEqual({
    pushed: 'no-change',
    pulled: 'not-tried',
    failure: { type: 'state', code: 'storage-full' },
  });
  expect(names()).not.toContain('theirs');

  // Room again: the next act looks for it and is saved, and the exchange is whole.
  disk.setQuota(Infinity);
  expect(await add('after')).toMatchObject({ ok: true });
  expect(stored.status().phase).not.toBe('storage-full');
  expect(await stored.sync()).toMatchObject({ pushed: 'committed', failure: null });
  expect(names()).toEqual(['after', 'before', 'the one that met it', 'theirs']);
  await stored.stop();
  await database.close();
});

test('[STORE-319] a device that keeps nothing says so, whatever else there is to say', async () => {
  const database = await openLocalDatabase({
    store: createMemoryFiles(),
    clock: createBrowserClock(),
    randomBytes,
    wasm,
  });
  expect(database.storeKind).toBe('memory');
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport: server.transport,
    clock: createFastClock(),
    ids: createIds(createRandom(29)),
    journal: createJournal(),
    durability: 'none',
  });
  expect(await engine.open()).toMatchObject({ ok: true });
  expect(engine.status()).toMatchObject({ phase: 'memory-only', durable: 'none' });
  expect(await engine.attach('household')).toMatchObject({ type: 'attached' });
  expect(engine.status().phase).toBe('memory-only');
  await engine.stop();
  await database.close();
});

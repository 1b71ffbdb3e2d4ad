/**
 * What a month of a household costs the disk, counted over real SQLite, real capture and the real page log:
 * bytes written for each byte that changed, files in the folder, room taken. Counts, never durations: the clock
 * is simulated, and the edits come the way people make them, in visits with pauses.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { openLocalDatabase } from '../../worker/host/local-database.ts';
import type { OwnedDatabase } from '../../worker/host/local-database.ts';
import { loadSqliteEngine } from '../../worker/host/sqlite-engine.ts';
import { createMemoryFiles } from '../../worker/host/memory-files.ts';
import type { Store } from '../../worker/store/files.ts';
import { createSimulatedClock, drive } from '../sim/files-model.ts';
import { createRandom } from '../sim/prng.ts';
import { runs } from '../sim/planted.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);

const ROWS_BEFORE = 6_000;
const DAYS = 30;
const VISITS_A_DAY = 4;
const EDITS_A_VISIT = 25;
/** People change what is on this week's list and plan, not what they wrote a year ago. */
const RECENT_ROWS = 200;
const MINUTE_MS = 60_000;

/** A store like OPFS, which counts what is put and what is there. */
function createCountingStore() {
  const inner = createMemoryFiles();
  const sizes = new Map<string, number>();
  const counted = { putBytes: 0, puts: 0, filesMax: 0, diskBytesMax: 0 };
  const store: Store = {
    ...inner,
    survives: { processKill: true, powerCut: false },
    async put(name, bytes) {
      const written = await inner.put(name, bytes);
      if (!name.startsWith('spare')) {
        counted.putBytes += bytes.byteLength;
        counted.puts++;
      }
      sizes.set(name, bytes.byteLength);
      const diskBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      counted.filesMax = Math.max(counted.filesMax, sizes.size);
      counted.diskBytesMax = Math.max(counted.diskBytesMax, diskBytes);
      return written;
    },
    remove(name) {
      sizes.delete(name);
      return inner.remove(name);
    },
  };
  return { store, counted };
}

/** After its owner's death nothing of it is answered any more. */
function createMortalStore(inner: Store): { readonly store: Store; readonly kill: () => void } {
  let isDead = false;
  const whileAlive = <T>(work: () => Promise<T>): Promise<T> =>
    isDead ? new Promise<T>(() => undefined) : work();
  return {
    kill() {
      isDead = true;
    },
    store: {
      ...inner,
      list: () => whileAlive(() => inner.list()),
      read: (name) => whileAlive(() => inner.read(name)),
      put: (name, bytes) => whileAlive(() => inner.put(name, bytes)),
      remove: (name) => whileAlive(() => inner.remove(name)),
    },
  };
}

const SCHEMA = `
  create table if not exists line(id text primary key, title text, amount integer, note text, place text,
    created_at text, edited_at text);
  create index if not exists line_title on line(title);
  create index if not exists line_place on line(place, title);
  create index if not exists line_edited on line(edited_at);
  create table if not exists outbox(id text primary key, row text) without rowid;`;

test('[STORE-316] a month of a household stays within ten times what it wrote, 300 files and three databases', async () => {
  const random = createRandom(1);
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => random(256));
  const text = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(97 + random(26))).join('');
  const now = () => clock.elapsedMs().toString().padStart(24, '0');
  let made = 0;
  // In order of time, as the ids of rows are.
  const id = () => `${(++made).toString(16).padStart(12, '0')}-${text(23)}`;
  const clock = createSimulatedClock();
  const { store, counted } = createCountingStore();
  const ids: string[] = [];
  let changedBytes = 0;

  let endVisit = (): void => undefined;
  const open = (): Promise<OwnedDatabase> => {
    const visit = createMortalStore(store);
    endVisit = visit.kill;
    return drive(clock, openLocalDatabase({ store: visit.store, clock, randomBytes: bytes, wasm }));
  };

  /** One edit: a row and its place in the outbox; now and then the outbox is sent and emptied. */
  function edit({ sql }: OwnedDatabase): void {
    sql.transaction(() => {
      const isNew = random(2) === 0;
      const key = isNew ? id() : (ids[ids.length - 1 - random(RECENT_ROWS)] ?? id());
      const row = [key, text(14), random(5000), text(60), text(8), now(), now()];
      sql.run(
        `insert into line values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict(id) do update
         set title = ?2, amount = ?3, note = ?4, edited_at = ?7`,
        row,
      );
      const json = JSON.stringify({ row, base: row, version: random(5000), op: 'upsert' });
      sql.run('insert or replace into outbox values (?1, ?2)', [key, json]);
      if (isNew) ids.push(key);
      changedBytes += row.join('').length + key.length + json.length;
      if (random(10) === 0) sql.run('delete from outbox');
    });
  }

  await loadSqliteEngine(wasm); // compiling takes real time, everything after it simulated time
  let database = await open();
  database.sql.script(SCHEMA);
  database.sql.transaction(() => {
    for (let row = 0; row < ROWS_BEFORE; row++) {
      const key = id();
      ids.push(key);
      database.sql.run('insert into line values (?1, ?2, ?3, ?4, ?5, ?6, ?7)', [
        key,
        text(14),
        row,
        text(200),
        text(8),
        now(),
        now(),
      ]);
    }
  });
  await drive(clock, database.close());
  Object.assign(counted, { putBytes: 0, puts: 0 });

  let imageBytes = 0;
  for (let day = 0; day < DAYS * runs(); day++) {
    for (let visit = 0; visit < VISITS_A_DAY; visit++) {
      database = await open();
      for (let count = 0; count < EDITS_A_VISIT; count++) {
        edit(database);
        await drive(clock, database.whenDurable(database.committedSeq()));
        // Thinking, walking to the shelf, and now and then a longer look at something.
        clock.advance(random(4) === 0 ? 20_000 : 1_500);
        for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      }
      imageBytes = database.image()?.length ?? imageBytes;
      // Most visits end by the phone being put away.
      if (random(3) === 0) await drive(clock, database.close());
      endVisit();
      clock.advance(120 * MINUTE_MS);
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    }
  }
  const monthFiles = counted.filesMax;

  // An hour in which somebody edits every six seconds.
  database = await open();
  for (let count = 0; count < 600; count++) {
    edit(database);
    await drive(clock, database.whenDurable(database.committedSeq()));
    clock.advance(6_000);
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  }
  endVisit();
  const amplification = counted.putBytes / changedBytes;
  process.stdout.write(
    `a month: ${DAYS * VISITS_A_DAY * EDITS_A_VISIT} edits, ${(changedBytes / 1e6).toFixed(2)} MB changed, ` +
      `${(counted.putBytes / 1e6).toFixed(1)} MB put in ${counted.puts} files, ${amplification.toFixed(1)}x; ` +
      `at most ${monthFiles} files (${counted.filesMax} in a busy hour) and ${(counted.diskBytesMax / 1e6).toFixed(1)} MB ` +
      `for a database of ${(imageBytes / 1e6).toFixed(1)} MB\n`,
  );
  expect(amplification).toBeLessThanOrEqual(10);
  expect(counted.filesMax).toBeLessThanOrEqual(300);
  expect(counted.diskBytesMax).toBeLessThanOrEqual(3 * imageBytes + 64 * 1024 * 1024);
}, 600_000);

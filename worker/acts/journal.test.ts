import { expect, test } from 'vitest';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { utf8Length } from '../../shared/bytes.ts';
import { bundleNote } from '../../shared/protocol/shapes.ts';
import { wordsForSentence } from '../../shared/text/sentences.ts';
import { createLocalKitchen, type LocalKitchen } from '../../test/kitchen/local-kitchen.ts';
import { createJournal } from './journal.ts';

const journal = createJournal(() => '2026-11-22T14:02:31.000Z');

const states = (kitchen: LocalKitchen) =>
  kitchen.ask('timeline', { limit: 10 }).map((entry) => entry.state);

/** What the engine does to its dirty set when it freezes it into an outbox. */
function freeze(kitchen: LocalKitchen, sourceBundleId: number, except = ''): void {
  kitchen.sql.transaction(() => {
    kitchen.sql.run(
      `insert into _sync_outbox_rows
         (source_bundle_id, row_ordinal, schema_name, table_name, key_json, wire_key_json, op)
       select ?1, dirty_ordinal, schema_name, table_name, key_json, key_json, op
       from _sync_dirty_rows where key_json <> json_object('id', ?2)`,
      [sourceBundleId, except],
    );
    kitchen.sql.run(`delete from _sync_dirty_rows where key_json <> json_object('id', ?1)`, [
      except,
    ]);
    journal.frozen(kitchen.sql, sourceBundleId);
  });
}

test('[LIVE-20] an act is saved, sending, accepted with its bundle; a return makes it saved again', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  expect(journal.unsentActs(kitchen.sql)).toBe(1);
  expect(kitchen.ask('list', { storeId: null }).sections[0]?.rows[0]?.unsent).toBe(true);
  freeze(kitchen, 1);
  kitchen.done('list.add', { entries: readQuickAdd('Bread') });
  expect(states(kitchen)).toEqual(['saved', 'sending']);
  expect(journal.unsentActs(kitchen.sql)).toBe(2);
  expect(kitchen.ask('list', { storeId: null }).sections[0]?.rows[0]?.unsent).toBe(true);
  journal.returned(kitchen.sql, 1);
  expect(states(kitchen)).toEqual(['saved', 'saved']);
  journal.frozen(kitchen.sql, 1);
  journal.committed(kitchen.sql, {
    sourceBundleId: 1,
    bundleSeq: 42,
    extra: [{ table: 'activity', op: 'insert', rows: 1 }],
  });
  kitchen.sql.run('delete from _sync_outbox_rows');
  expect(kitchen.ask('timeline', { limit: 10 })).toMatchObject([
    { state: 'saved', bundleSeq: null },
    { state: 'accepted', bundleSeq: 42 },
  ]);
  expect(journal.unsentActs(kitchen.sql)).toBe(1);
});

test('[LIVE-21] an act whose rows are held back stays saved when others are sent', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  freeze(kitchen, 1);
  journal.committed(kitchen.sql, { sourceBundleId: 1, bundleSeq: 7, extra: [] });
  kitchen.sql.run('delete from _sync_outbox_rows');
  const id = String(kitchen.rows('list_items')[0]?.['id']);
  kitchen.done('list.edit', { id, note: 'the blue one' });
  kitchen.done('list.add', { entries: readQuickAdd('Bread') });
  freeze(kitchen, 2, id);
  expect(states(kitchen)).toEqual(['sending', 'saved', 'accepted']);
  kitchen.sql.run(
    `insert into _sync_x_held (schema_name, table_name, key_json, reason, detail, image_hash)
     values ('larder', 'list_items', json_object('id', ?1), 'conflict', '{"kind":"field"}', '')`,
    [id],
  );
  const rows = kitchen.ask('list', { storeId: null }).sections.flatMap((section) => section.rows);
  expect(rows.map((row) => [row.title, row.inQuestion, row.unsent])).toEqual([
    ['Bread', false, true],
    ['Milk', true, true],
  ]);
  expect(kitchen.ask('held', {})).toMatchObject([
    { table: 'list_items', id, title: 'Milk', reason: 'conflict', detail: 'field' },
  ]);
});

test('[LIVE-22] an act and its undo before sending leave nothing unsent', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('samples.add', {});
  kitchen.sql.run('delete from _sync_dirty_rows');
  const added = kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  kitchen.done('act.undo', { actId: added.actId });
  expect(states(kitchen)).toEqual(['saved', 'undone', 'saved']);
  freeze(kitchen, 1);
  journal.committed(kitchen.sql, { sourceBundleId: 1, bundleSeq: 1, extra: [] });
  expect(journal.unsentActs(kitchen.sql)).toBe(0);
});

test('[LIVE-23] another source’s bundle is one entry, told by what it was mostly about', () => {
  const kitchen = createLocalKitchen();
  const bundle = {
    bundleSeq: 12,
    sourceId: 'laptop',
    rows: [
      { table: 'list_items', op: 'insert', rows: 9 },
      { table: 'plan_entries', op: 'insert', rows: 1 },
      { table: 'activity', op: 'insert', rows: 2 },
    ],
    note: null,
    keys: [],
  } as const;
  journal.received(kitchen.sql, bundle);
  journal.received(kitchen.sql, bundle);
  expect(kitchen.ask('timeline', { limit: 10 })).toEqual([
    {
      id: 'in:laptop:12',
      sentence: {
        key: 'received',
        values: { table: 'plan_entries', op: 'insert', count: 1, more: 9 },
      },
      at: '2026-11-22T14:02:31.000Z',
      by: { person: null, device: null },
      direction: 'in',
      rows: bundle.rows,
      state: 'accepted',
      bundleSeq: 12,
    },
  ]);
});

test('[ACT-22] the timeline forgets what is old and sent, never what waits', () => {
  const kitchen = createLocalKitchen();
  const old = kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  const waiting = kitchen.done('list.add', { entries: readQuickAdd('Bread') });
  kitchen.sql.run(`update acts set at = '2020-01-01T00:00:00.000Z'`);
  kitchen.sql.run(`update acts set state = 'accepted' where id = ?1`, [old.actId]);
  for (let count = 0; count < 62; count += 1) {
    kitchen.done('list.add', { entries: readQuickAdd(`Thing no. ${count}`) });
  }
  const ids = kitchen.rows('acts').map((row) => row['id']);
  expect(ids).not.toContain(old.actId);
  expect(ids).toContain(waiting.actId);
  expect(kitchen.sql.all('select 1 as one from act_rows where act_id = ?1', [old.actId])).toEqual(
    [],
  );
});

test('[ACT-25] the first act on a database without image triggers makes them', () => {
  const kitchen = createLocalKitchen();
  const triggers = () =>
    kitchen.sql.all(`select name from sqlite_master where name glob 'act_v*' order by name`);
  const all = triggers();
  for (const row of all) kitchen.sql.script(`drop trigger ${String(row['name'])}`);
  const added = kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  expect(triggers()).toEqual(all);
  expect(added.undoable).toBe(true);
});

test('[LIVE-322] the timeline of a device that only receives is bounded, and keeps what is unsent', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  const rows = [{ table: 'list_items', op: 'insert', rows: 1 }] as const;
  kitchen.sql.transaction(() => {
    for (let bundleSeq = 1; bundleSeq <= 5200; bundleSeq += 1)
      journal.received(kitchen.sql, { bundleSeq, sourceId: 'laptop', rows, note: null, keys: [] });
  });
  const [kept] = kitchen.sql.all(
    `select count(*) as entries, sum(state = 'saved') as unsent, max(bundle_seq) as newest from acts`,
  );
  expect(kept).toMatchObject({ unsent: 1, newest: 5200 });
  expect(Number(kept?.['entries'])).toBeLessThanOrEqual(5064 + 1);
});

test('[LIVE-320] a bundle travels with the sentence of its acts, within what the wire allows', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('list.add', { entries: readQuickAdd('Milk') });
  freeze(kitchen, 1);
  expect(journal.note(kitchen.sql, 1)).toEqual({
    label: 'Added Milk to the list',
    action: 'list.add',
  });
  expect(journal.note(kitchen.sql, 2)).toBeNull();
  journal.committed(kitchen.sql, { sourceBundleId: 1, bundleSeq: 1, extra: [] });
  kitchen.done('list.add', { entries: readQuickAdd('𓀀'.repeat(60)) });
  kitchen.done('store.add', { id: kitchen.newId(), name: '𓀀'.repeat(80) });
  kitchen.done('plan.addText', {
    id: kitchen.newId(),
    title: '𓀀\u202e'.repeat(80),
    day: '2026-11-24',
    meal: 'dinner',
  });
  freeze(kitchen, 2);
  const note = journal.note(kitchen.sql, 2);
  expect(bundleNote.safeParse(note).success).toBe(true);
  expect(utf8Length(JSON.stringify(note))).toBeLessThanOrEqual(512);
  expect(note?.label).toMatch(/ and 2 more$/u);
});

test('[LIVE-321] a received bundle says what was done in its own words, and who did it where that is known', () => {
  const kitchen = createLocalKitchen();
  // The server's own table: only what it sent is written there.
  kitchen.sql.run('update _sync_apply_state set apply_mode = 1');
  kitchen.sql.run(
    `insert into activity (id, happened_at, actor, device, verb, subject_table, how_many)
     values ('01990000-0000-7000-8000-00000000000a', '2026-11-22T14:02:31.000Z', 'Ana', 'Laptop', 'added', 'list_items', 1)`,
  );
  kitchen.sql.run('update _sync_apply_state set apply_mode = 0');
  const rows = [{ table: 'list_items', op: 'insert', rows: 1 }] as const;
  const received = (
    bundleSeq: number,
    sourceId: string,
    keys: readonly { table: string; id: string }[],
  ) =>
    journal.received(kitchen.sql, {
      bundleSeq,
      sourceId,
      rows,
      note: { label: 'Added Milk to the list', action: 'list.add' },
      keys,
    });
  received(12, 'laptop', [{ table: 'activity', id: '01990000-0000-7000-8000-00000000000a' }]);
  received(13, 'laptop', []);
  received(14, 'phone', []);
  const entries = kitchen.ask('timeline', { limit: 10 });
  expect(entries.map(({ by }) => by)).toEqual([
    { person: null, device: null },
    { person: 'Ana', device: 'Laptop' },
    { person: 'Ana', device: 'Laptop' },
  ]);
  expect(entries.map(({ sentence }) => wordsForSentence(sentence))).toEqual(
    Array.from({ length: 3 }, () => 'Added Milk to the list'),
  );
});

/**
 * The engine's journal (`worker/engine/ports.ts`) over the timeline: which acts are saved here, on their
 * way, or accepted, and what arrived from others. Each call happens inside the transaction it speaks of.
 *
 * An act goes with a bundle when none of its rows is left in the dirty set after the freeze: the engine
 * keeps the rows of one transaction together, so an act is wholly in a bundle or wholly held back.
 */
import type { Sentence } from '../../shared/acts/acts.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Journal, RowCount, Sql } from '../engine/ports.ts';
import { countOpenChoices, recordSettled } from './choices.ts';
import { noteOfBundle, rememberWriter, sentenceOfNote } from './notes.ts';
import { tidyTimeline } from './timeline.ts';
import { tidyVersions } from './versions.ts';
import { withdrawActs } from './withdraw.ts';

const NAME = kitchenSchema.name;

/** True for an act of which some row still waits in the dirty set. */
const IS_DIRTY = `exists (
  select 1 from act_rows r join _sync_dirty_rows w
    on w.schema_name = '${NAME}' and w.table_name = r.table_name
      and w.key_json = json_object('id', r.row_id)
  where r.act_id = acts.id)`;

const SUBJECTS = [
  'plan_entries',
  'recipes',
  'list_items',
  'pantry_items',
  'stores',
  'products',
  'aisles',
  'tags',
  'recipe_ingredients',
  'recipe_steps',
  'recipe_photos',
  'recipe_tags',
] as const;

const isOwn = (count: RowCount): boolean =>
  count.table !== 'activity' && count.table !== 'purchases';

/** What a bundle of another device was mostly about; the catalogue has a word per table and op. */
export function receivedSentence(rows: readonly RowCount[]): Sentence {
  const counts = rows.filter(isOwn);
  const total = counts.reduce((sum, count) => sum + count.rows, 0);
  const subject = SUBJECTS.find((table) => counts.some((count) => count.table === table));
  const main = counts.find((count) => count.table === subject);
  if (main === undefined) {
    const added = rows.reduce((sum, count) => sum + count.rows, 0);
    return { key: 'received.history', values: { count: added } };
  }
  return {
    key: 'received',
    values: { table: main.table, op: main.op, count: main.rows, more: total - main.rows },
  };
}

/** `nowIso` is asked per call: the journal itself knows no clock. */
export function createJournal(nowIso: () => string): Journal {
  return {
    frozen(sql, sourceBundleId) {
      sql.run(
        `update acts set state = 'sending', source_bundle_id = ?1
         where direction = 'out' and state = 'saved' and not ${IS_DIRTY}`,
        [sourceBundleId],
      );
    },
    returned(sql, sourceBundleId) {
      sql.run(
        `update acts set state = 'saved', source_bundle_id = null
         where state = 'sending' and source_bundle_id = ?1`,
        [sourceBundleId],
      );
    },
    committed(sql, { sourceBundleId, bundleSeq, extra }) {
      sql.run(
        `update acts set state = 'accepted', bundle_seq = ?2, server_added = ?3
         where state = 'sending' and source_bundle_id = ?1`,
        [sourceBundleId, bundleSeq, JSON.stringify(extra)],
      );
    },
    note: noteOfBundle,
    received(sql, { bundleSeq, sourceId, rows, note, keys }) {
      rememberWriter(sql, sourceId, keys);
      sql.run(
        `insert into acts
           (id, direction, act, sentence, at, state, row_counts, source_id, bundle_seq)
         values (?1, 'in', 'received', ?2, ?3, 'accepted', ?4, ?5, ?6)
         on conflict (id) do nothing`,
        [
          `in:${sourceId}:${bundleSeq}`,
          JSON.stringify(sentenceOfNote(note) ?? receivedSentence(rows)),
          nowIso(),
          JSON.stringify(rows),
          sourceId,
          bundleSeq,
        ],
      );
      // A device on which nobody does anything has a timeline all the same.
      tidyTimeline(sql, nowIso());
    },
    settled(sql, conflicts) {
      const at = nowIso();
      recordSettled(sql, conflicts, at);
      withdrawActs(sql, conflicts, at);
      tidyVersions(sql, at);
    },
    discarded(sql) {
      sql.run(
        `update acts set state = 'undone', undoable = 0 where direction = 'out' and state in ('saved', 'sending')`,
      );
    },
    openChoices: countOpenChoices,
    unsentActs: (sql: Sql) => {
      const row = sql.all(
        `select count(*) as unsent from acts
         where direction = 'out' and act not in ('samples.add', 'samples.remove')
           and (state = 'sending' or (state in ('saved', 'undone') and ${IS_DIRTY}))`,
      )[0];
      return Number(row?.['unsent'] ?? 0);
    },
  };
}

/**
 * The words that travel with a bundle, and the words that came with one. A bundle is told by its first act,
 * "Planned Lasagne for Tuesday and 11 more", within what the wire allows. Who did it is read from the
 * household's own activity, which the server wrote into the same bundle.
 */
import type { Sentence } from '../../shared/acts/acts.ts';
import { utf8Length } from '../../shared/bytes.ts';
import type { BundleNote } from '../../shared/protocol/shapes.ts';
import { wordsForSentence } from '../../shared/text/sentences.ts';
import type { Sql } from '../engine/ports.ts';
import { textOf } from './work.ts';

const LABEL_MAX = 200;
/** The compact JSON of a note; the server refuses more. */
const NOTE_BYTES_MAX = 512;
const ACTION = /^[a-z][a-z0-9_.-]{0,63}$/;

function shortened(label: string, action: string): string {
  let characters = Array.from(label.replaceAll(/\p{Cc}/gu, ' ')).slice(0, LABEL_MAX);
  const isTooLong = (): boolean =>
    utf8Length(JSON.stringify({ label: characters.join(''), action })) > NOTE_BYTES_MAX ||
    characters.join('').length > LABEL_MAX;
  while (isTooLong()) characters = characters.slice(0, -1);
  return characters.join('').trim();
}

export function noteOfBundle(sql: Sql, sourceBundleId: number): BundleNote | null {
  const acts = sql.all(
    `select sentence from acts
     where direction = 'out' and state = 'sending' and source_bundle_id = ?1 and row_counts <> '[]'
     order by ordinal`,
    [sourceBundleId],
  );
  const [first] = acts;
  if (first === undefined) return null;
  const sentence = JSON.parse(textOf(first['sentence'])) as Sentence;
  const more = acts.length > 1 ? ` and ${acts.length - 1} more` : '';
  const action = sentence.key.toLowerCase();
  const words = wordsForSentence(sentence);
  const label = `${shortened(words, action + more)}${more}`.slice(0, LABEL_MAX);
  return label === '' ? null : { label, ...(ACTION.test(action) ? { action } : {}) };
}

export const sentenceOfNote = (note: BundleNote | null): Sentence | null =>
  note?.label === undefined ? null : { key: 'received.note', values: { label: note.label } };

/** Remembers who stands behind a source, from what the server wrote about this very bundle. */
export function rememberWriter(
  sql: Sql,
  sourceId: string,
  keys: readonly { readonly table: string; readonly id: string }[],
): void {
  const told = keys.find(({ table }) => table === 'activity');
  if (told === undefined) return;
  sql.run(
    `insert into directory (source_id, person, device)
     select ?1, actor, device from activity where id = ?2 and (actor is not null or device is not null)
     on conflict (source_id) do update set person = excluded.person, device = excluded.device`,
    [sourceId, told.id],
  );
}

/** The sentence that a push carries (`protocol.md` §13.5), where the server offers to keep it. */
import type { BundleNote } from '../../shared/protocol/shapes.ts';
import { offersNotes } from './capabilities.ts';
import type { Context } from './context.ts';

/** As a member of a request; nothing where there is none. It is part of no hash. */
export function noteOf(context: Context, sourceBundleId: number): { readonly note?: BundleNote } {
  const note = offersNotes(context) ? context.journal.note(context.sql, sourceBundleId) : null;
  return note === null ? {} : { note };
}

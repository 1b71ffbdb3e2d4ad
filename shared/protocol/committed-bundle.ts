/** `GET /sync/committed-bundles/{bundle_seq}/rows`: one committed bundle read back (protocol.md §5.7). */
import { z } from 'zod';
import { bundleNote, bundleRow, committedNumbers, wireCount } from './shapes.ts';

export const committedRowsPath = (bundleSeq: number): string =>
  `/sync/committed-bundles/${String(bundleSeq)}/rows`;

/** Row ordinals start at 0 here; `next_row_ordinal` is the ordinal of the last row sent. */
export const committedRowsResponse = committedNumbers
  .extend({
    note: bundleNote.optional(),
    rows: z.array(bundleRow),
    next_row_ordinal: wireCount,
    has_more: z.boolean(),
  })
  .meta({ id: 'CommittedRowsResponse' });
export type CommittedRowsResponse = z.infer<typeof committedRowsResponse>;

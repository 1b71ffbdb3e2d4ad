/** `GET /sync/watch`: wake-up hints over SSE (protocol.md §7). Hints carry numbers, never data. */
import { z } from 'zod';
import { wireNumber } from './shapes.ts';

export const watchPath = '/sync/watch';

export const watchHint = z
  .object({
    bundle_seq: wireNumber,
    source_id: z.string().optional(),
    source_bundle_id: wireNumber.optional(),
  })
  .meta({ id: 'WatchHint' });
export type WatchHint = z.infer<typeof watchHint>;

/** `GET /sync/pull`: whole bundles after a checkpoint, up to a frozen ceiling (protocol.md §6). */
import { z } from 'zod';
import { bundle, wireCount } from './shapes.ts';

export const pullPath = '/sync/pull';

export const pullResponse = z
  .object({
    /** With extension `server_epoch`. */
    server_epoch: z.string().optional(),
    stable_bundle_seq: wireCount,
    bundles: z.array(bundle),
    has_more: z.boolean(),
  })
  .meta({ id: 'PullResponse' });
export type PullResponse = z.infer<typeof pullResponse>;

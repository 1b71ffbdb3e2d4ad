/** `POST /sync/connect`: how a source joins its scope (protocol.md §4.2). */
import { z } from 'zod';
import { wireNumber, wireUuid } from './shapes.ts';

export const connectPath = '/sync/connect';

export const connectRequest = z
  .object({ has_local_pending_rows: z.boolean().default(false) })
  .meta({ id: 'ConnectRequest' });
export type ConnectRequest = z.infer<typeof connectRequest>;

/** With extension `server_epoch` asked. */
const epoch = { server_epoch: z.string().optional() };

export const connectResponse = z
  .discriminatedUnion('resolution', [
    z.object({
      resolution: z.literal('initialize_local'),
      initialization_id: wireUuid,
      lease_expires_at: z.string().optional(),
      ...epoch,
    }),
    z.object({ resolution: z.literal('initialize_empty'), ...epoch }),
    z.object({ resolution: z.literal('remote_authoritative'), ...epoch }),
    z.object({
      resolution: z.literal('retry_later'),
      retry_after_seconds: wireNumber,
      lease_expires_at: z.string().optional(),
      ...epoch,
    }),
  ])
  .meta({ id: 'ConnectResponse' });
export type ConnectResponse = z.infer<typeof connectResponse>;

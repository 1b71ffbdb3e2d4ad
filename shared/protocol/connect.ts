/** `POST /sync/connect`: how a source joins its scope (protocol.md §4.2). */
import { z } from 'zod';
import { wireNumber, wireUuid } from './shapes.ts';

export const connectPath = '/sync/connect';

export const connectRequest = z
  .object({ has_local_pending_rows: z.boolean().default(false) })
  .meta({ id: 'ConnectRequest' });
export type ConnectRequest = z.infer<typeof connectRequest>;

export const connectResponse = z
  .discriminatedUnion('resolution', [
    z.object({
      resolution: z.literal('initialize_local'),
      initialization_id: wireUuid,
      lease_expires_at: z.string().optional(),
    }),
    z.object({ resolution: z.literal('initialize_empty') }),
    z.object({ resolution: z.literal('remote_authoritative') }),
    z.object({
      resolution: z.literal('retry_later'),
      retry_after_seconds: wireNumber,
      lease_expires_at: z.string().optional(),
    }),
  ])
  .meta({ id: 'ConnectResponse' });
export type ConnectResponse = z.infer<typeof connectResponse>;

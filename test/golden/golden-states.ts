/**
 * Databases of devices in every state that an update of the app can meet, each with the server it belongs
 * to. They are made by the code of their own time and kept; the code of today opens them all.
 */
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createResolver, type Resolver } from '../../shared/schema/resolve.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { SyncRequest, Transport } from '../../worker/engine/ports.ts';
import { createModelServer } from '../sim/model-server.ts';
import type { ModelServer } from '../sim/model-server.ts';
import type { Backup } from '../sim/model-state.ts';
import { addTag } from '../sim/tags.ts';
import { createDevice, createIds, createRandom } from '../sim/world.ts';
import type { Device } from '../sim/world.ts';

export interface Golden {
  readonly image: Uint8Array;
  readonly backup: Backup;
  /** Names of the tags that must be everywhere once the device has converged. */
  readonly names: readonly string[];
}

interface Making {
  readonly server: ModelServer;
  readonly device: Device;
  readonly ids: ReturnType<typeof createIds>;
  /** From now on requests whose path begins so get no answer. The server may see them all the same. */
  cut(path: string, how?: Partial<Pick<Cut, 'after' | 'isHeard' | 'isKilled'>>): void;
}

interface Cut {
  readonly path: string;
  /** So many still get through. */
  after: number;
  readonly isHeard: boolean;
  /** The process dies there: the database is kept as it is at that moment. */
  readonly isKilled: boolean;
}

type State = (making: Making) => Promise<readonly string[]>;

const ROWS = ['anise', 'basil', 'cumin'];

async function joined({ device }: Making): Promise<void> {
  await device.engine.attach('household');
  for (const name of ROWS) await addTag(device, name);
  await device.engine.sync();
}

const rename = (device: Device, from: string, to: string) =>
  device.engine.write((sql) => sql.run('update tags set name = ?1 where name = ?2', [to, from]));

/** What a peer does meanwhile. */
async function peerOf({ server, ids }: Making): Promise<Device> {
  const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await peer.engine.attach('household');
  return peer;
}

export const STATES: Readonly<Record<string, State>> = {
  fresh: () => Promise.resolve([]),
  anonymous: async ({ device }) => {
    await addTag(device, 'dill');
    return ['dill'];
  },
  dirty: async (making) => {
    await joined(making);
    await rename(making.device, 'basil', 'bay');
    await addTag(making.device, 'dill');
    return ['anise', 'bay', 'cumin', 'dill'];
  },
  prepared: async (making) => {
    await joined(making);
    making.cut('/sync/push');
    await rename(making.device, 'basil', 'bay');
    await making.device.engine.sync();
    await addTag(making.device, 'dill');
    return ['anise', 'bay', 'cumin', 'dill'];
  },
  'answer-lost': async (making) => {
    await joined(making);
    making.cut('/sync/push-sessions/', { after: 1, isHeard: true });
    await rename(making.device, 'basil', 'bay');
    await making.device.engine.sync();
    await rename(making.device, 'bay', 'bergamot');
    return ['anise', 'bergamot', 'cumin'];
  },
  committed: async (making) => {
    await joined(making);
    making.cut('/sync/committed-bundles');
    await rename(making.device, 'basil', 'bay');
    await making.device.engine.sync();
    await rename(making.device, 'bay', 'bergamot');
    return ['anise', 'bergamot', 'cumin'];
  },
  held: async (making) => {
    await joined(making);
    const peer = await peerOf(making);
    await rename(peer, 'basil', 'theirs');
    await peer.engine.sync();
    await rename(making.device, 'basil', 'mine');
    await making.device.engine.sync();
    return ['anise', 'cumin', 'mine'];
  },
  'half-hydrated': async (making) => {
    const peer = await peerOf(making);
    for (let index = 0; index < 24; index += 1)
      await addTag(peer, `herb ${String(index).padStart(2, '0')}`);
    await peer.engine.sync();
    await addTag(making.device, 'dill');
    making.cut('/sync/snapshot-sessions/', { after: 1, isKilled: true });
    await making.device.engine.attach('household');
    return [
      'dill',
      ...peer.sql.all('select name from tags order by name').map((row) => String(row['name'])),
    ];
  },
  rotating: async (making) => {
    await joined(making);
    const backup = making.device.database.durableImage();
    await addTag(making.device, 'dill');
    await making.device.engine.sync();
    const restored = await making.device.restore(backup);
    await addTag(restored, 'elder');
    making.cut('/sync/snapshot-sessions');
    await restored.engine.sync();
    restoredOf.set(making, restored);
    return ['anise', 'basil', 'cumin', 'dill', 'elder'];
  },
};

const restoredOf = new WeakMap<Making, Device>();

const settle = createResolver(kitchenSchema);

/** Knows nothing about one row: it is held, as rows were that a person had to decide about. */
const atALoss: Resolver = (conflicts) => {
  if (conflicts.some(({ mine }) => mine?.['name'] === 'mine')) throw new Error('at a loss');
  return settle(conflicts);
};

/** Makes one state with the code of today. */
export async function makeGolden(state: State, extensions: boolean): Promise<Golden> {
  const server = await createModelServer(kitchenSchema, { extensions });
  const ids = createIds(createRandom(11));
  const cuts: Cut[] = [];
  let killed: Uint8Array | null = null;
  const transport: Transport = {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request: SyncRequest) => {
      const cut = cuts.find(({ path }) => request.path.startsWith(path));
      if (cut === undefined) return server.transport.request(request);
      cut.after -= 1;
      if (cut.after >= 0) return server.transport.request(request);
      if (cut.isKilled) killed ??= device.database.durableImage();
      if (cut.isHeard) await server.transport.request(request);
      return { type: 'no-answer', reason: 'network' };
    },
  };
  const device = await createDevice({
    schema: kitchenSchema,
    transport,
    ids,
    resolver: atALoss,
  });
  const making: Making = {
    server,
    device,
    ids,
    cut: (path, how = {}) => cuts.push({ path, after: 0, isHeard: false, isKilled: false, ...how }),
  };
  const names = await state(making);
  const last = restoredOf.get(making) ?? device;
  return { image: killed ?? last.database.durableImage(), backup: server.backup(), names };
}

export function writeGolden(path: string, golden: Golden): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, gzipSync(serialize(golden), { level: 9 }));
}

export const readGolden = (path: string): Golden =>
  deserialize(gunzipSync(readFileSync(path))) as Golden;

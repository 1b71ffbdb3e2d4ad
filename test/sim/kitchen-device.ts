/**
 * A kitchen in the simulator: the real engine with the real acts, journal and queries over the in-memory
 * database, so that what conflicts leave for people is tested where it is written.
 */
import type { ActArgs, ActName, Performed, Refusal } from '../../shared/acts/acts.ts';
import type { ChoiceView, QueryArgs, QueryName, QueryRows } from '../../shared/queries.ts';
import type { Result } from '../../shared/result.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createJournal } from '../../worker/acts/journal.ts';
import { localTablesSql } from '../../worker/acts/local-tables.ts';
import { performAct } from '../../worker/acts/perform.ts';
import { Refused } from '../../worker/engine/engine.ts';
import type { Ids, SqlRow, Transport } from '../../worker/engine/ports.ts';
import { runQuery } from '../../worker/queries/run-query.ts';
import { createDevice } from './world.ts';
import type { Device } from './world.ts';

export interface KitchenDevice {
  readonly device: Device;
  perform<A extends ActName>(act: A, args: ActArgs[A]): Promise<Result<Performed, Refusal>>;
  /** As `perform`, for acts that must succeed. */
  done<A extends ActName>(act: A, args: ActArgs[A]): Promise<Performed>;
  ask<Q extends QueryName>(query: Q, args: QueryArgs<Q>): QueryRows<Q>;
  choices(): readonly ChoiceView[];
  rows(table: string): readonly SqlRow[];
  /** One exchange that must not fail. */
  sync(): Promise<void>;
  /** The process dies; what was durable goes on. Where recovery finds a `certain` loss, the source rotates. */
  crash(loss?: 'none' | 'certain'): Promise<KitchenDevice>;
}

export interface KitchenDeviceOptions {
  readonly transport: Transport;
  readonly ids: Ids;
  /** Goes on with every act, so that no two edits have one time. */
  readonly clock: ActClock;
}

/** The kitchen's clock: one second further with every act. Give it to all devices of a household. */
export interface ActClock {
  now(): string;
  tick(): string;
}

export function createActClock(): ActClock {
  let ms = 1_795_000_000_000;
  const now = (): string => new Date(ms).toISOString();
  return {
    now,
    tick: () => {
      ms += 1000;
      return now();
    },
  };
}

export async function createKitchenDevice(options: KitchenDeviceOptions): Promise<KitchenDevice> {
  const { clock } = options;
  const device = await createDevice({
    schema: kitchenSchema,
    transport: options.transport,
    ids: options.ids,
    extraTables: localTablesSql,
    host: createJournal(() => clock.now()),
  });
  return around(device, clock, options.ids);
}

function around(device: Device, clock: ActClock, ids: Ids): KitchenDevice {
  const { engine, sql } = device;
  const ask: KitchenDevice['ask'] = (query, args) =>
    runQuery(sql, query, args, { todayIso: clock.now().slice(0, 10) });
  const perform: KitchenDevice['perform'] = async (act, args) => {
    const actId = ids.rowId();
    const written = await engine.write((tx) => {
      const performed = performAct(tx, act, args, {
        actId,
        nowIso: clock.tick(),
        newId: () => ids.rowId(),
        accountId: null,
      });
      if (!performed.ok) throw new Refused(performed.error);
      return performed.value;
    });
    if (written.ok) return written;
    if (written.error.type !== 'refused') throw new Error(written.error.type);
    return { ok: false, error: written.error.refusal as Refusal };
  };
  return {
    device,
    perform,
    async done(act, args) {
      const result = await perform(act, args);
      if (!result.ok) throw new Error(`${act} was refused: ${JSON.stringify(result.error)}`);
      return result.value;
    },
    ask,
    choices: () => ask('choices', {}),
    rows: (table) => sql.all(`select * from ${table} order by 1`),
    async sync() {
      const report = await engine.sync();
      if (report.failure !== null) throw new Error(JSON.stringify(report.failure));
    },
    crash: async (loss = 'none') =>
      around(await device.restore(device.database.durableImage(), loss), clock, ids),
  };
}

/**
 * When the loop exchanges by itself: what goes out at once, what is collected, and what is no reason for a
 * round. The clock stands still unless a test moves it, so "at once" means without any time passing.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, createManualClock } from '../../test/sim/world.ts';
import type { Device, ManualClock } from '../../test/sim/world.ts';
import type { SyncAnswer, SyncRequest, Transport } from './ports.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let count = 0; count < 30; count += 1) await turn();
}

interface World {
  readonly server: ModelServer;
  readonly clock: ManualClock;
  readonly device: Device;
  readonly peer: Device;
  /** Method and path of what the device asked since this was emptied. */
  readonly asked: string[];
  /** The next request that matches waits until the returned function is called. */
  readonly hold: (path: string) => () => void;
  /** Nothing gets through until the returned function is called; this is answered instead. */
  readonly cut: (answer?: SyncAnswer) => () => void;
  /** From now on the streams that are open say nothing, and do not end. */
  readonly muteStreams: () => void;
  /** The next request is answered like this. */
  readonly answer: (answer: SyncAnswer) => void;
}

/** A device whose loop runs and has gone quiet, and another one of the household. */
async function quietWorld(): Promise<World> {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const clock = createManualClock();
  const asked: string[] = [];
  let cutOff: SyncAnswer | null = null;
  let streams = { areMute: false };
  let planted: SyncAnswer | null = null;
  let held: { readonly path: string; readonly until: Promise<void> } | null = null;
  const transport: Transport = {
    watch(request, onEvent) {
      const own = streams;
      return server.transport.watch(request, (event) => {
        if (!own.areMute) onEvent(event);
      });
    },
    request: async (request: SyncRequest) => {
      asked.push(`${request.method} ${request.path}`);
      if (planted !== null) {
        const answer = planted;
        planted = null;
        return answer;
      }
      if (cutOff !== null) return cutOff;
      const answer = await server.transport.request(request);
      if (held?.path === request.path) {
        const { until } = held;
        held = null;
        await until;
      }
      return answer;
    },
  };
  const device = await createDevice({ schema: kitchenSchema, transport, ids, clock });
  const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await device.engine.attach('household');
  await peer.engine.attach('household');
  device.engine.start();
  clock.advance(0);
  await settle();
  clock.advance(1000);
  await settle();
  asked.length = 0;
  const hold = (path: string): (() => void) => {
    let go = (): void => undefined;
    held = { path, until: new Promise((resolve) => (go = resolve)) };
    return () => go();
  };
  const cut = (answer: SyncAnswer = { type: 'no-answer', reason: 'network' }): (() => void) => {
    cutOff = answer;
    return () => {
      cutOff = null;
    };
  };
  const muteStreams = (): void => {
    streams.areMute = true;
    streams = { areMute: false };
  };
  const answer = (next: SyncAnswer): void => {
    planted = next;
  };
  return { server, clock, device, peer, asked, hold, cut, muteStreams, answer };
}

describe('the loop', () => {
  test('[LIVE-220] the first write after a quiet moment goes out without any time passing', async () => {
    const { server, device } = await quietWorld();
    await addTag(device, 'mine');
    await settle();
    expect(serverNames(server)).toEqual(['mine']);
    await device.engine.stop();
  });

  test('[LIVE-221] writes that follow closely go out together, none of them later than the bound', async () => {
    const { server, clock, device, asked } = await quietWorld();
    await addTag(device, 'first');
    await settle();
    asked.length = 0;
    const writtenByMs: string[] = [];
    // One write every 30 ms never pauses for long enough; the bound ends the waiting.
    for (let ms = 30; ms <= 510; ms += 30) {
      clock.advance(30);
      writtenByMs.push(await addTag(device, `after ${ms}`));
      await settle();
    }
    expect(asked).toEqual([]);
    clock.advance(20);
    await settle();
    expect(asked).toEqual(['POST /sync/push']);
    expect(serverNames(server)).toHaveLength(1 + writtenByMs.length);
    await device.engine.stop();
  });

  test('[LIVE-222] a write during a round goes out after it, and its own hint asks for nothing more', async () => {
    const { server, clock, device, asked, hold } = await quietWorld();
    const answer = hold('/sync/push');
    await addTag(device, 'first');
    await settle();
    // Committed, and hinted at, before the device has the answer.
    expect(server.latest()).toBe(1);
    await addTag(device, 'second');
    answer();
    await settle();
    clock.advance(50);
    await settle();
    clock.advance(1000);
    await settle();
    expect(asked).toEqual(['POST /sync/push', 'POST /sync/push']);
    expect(serverNames(server)).toEqual(['first', 'second']);
    await device.engine.stop();
  });

  test('[LIVE-223] a hint of something new is followed at once, also when it comes during a round', async () => {
    const { clock, device, peer, asked, hold } = await quietWorld();
    await addTag(peer, 'one');
    await peer.engine.sync();
    await settle();
    expect(tagNames(device)).toEqual(['one']);
    expect(asked).toEqual(['GET /sync/pull']);
    const answer = hold('/sync/pull');
    await addTag(peer, 'two');
    await peer.engine.sync();
    await settle();
    await addTag(peer, 'three');
    await peer.engine.sync();
    answer();
    await settle();
    clock.advance(0);
    await settle();
    expect(tagNames(device)).toEqual(['one', 'three', 'two']);
    await device.engine.stop();
  });

  test('[LIVE-224] what comes too late for a round that somebody asked for gets one of its own', async () => {
    const { server, clock, device, peer, hold } = await quietWorld();
    const answer = hold('/sync/pull');
    const round = device.engine.sync();
    await settle();
    await addTag(device, 'mine');
    await addTag(peer, 'theirs');
    await peer.engine.sync();
    // Whoever joins the round now learns nothing of it: its answer is on the way already.
    clock.advance(100);
    await settle();
    answer();
    await round;
    await settle();
    clock.advance(50);
    await settle();
    expect(serverNames(server)).toEqual(['mine', 'theirs']);
    expect(tagNames(device)).toEqual(['mine', 'theirs']);
    await device.engine.stop();
  });

  test('[LIVE-229] a write during the round that ends a failure goes out after it', async () => {
    const { server, clock, device, cut, hold } = await quietWorld();
    const heal = cut();
    await addTag(device, 'first');
    for (let tries = 0; tries < 5; tries += 1) {
      clock.advance(5000);
      await settle();
    }
    expect(device.engine.status().phase).toBe('offline');
    heal();
    const answer = hold('/sync/push');
    while (server.latest() === 0) {
      clock.advance(1000);
      await settle();
    }
    // Frozen and committed, the answer on its way: this one is too late for it.
    await addTag(device, 'second');
    answer();
    await settle();
    clock.advance(50);
    await settle();
    expect(serverNames(server)).toEqual(['first', 'second']);
    await device.engine.stop();
  });

  test.each([
    ['a login page in the way', { type: 'answer', status: 403, headers: {}, body: null }],
    ['a dead network', { type: 'no-answer', reason: 'network' }],
  ] as const)(
    '[LIVE-540] after %s a round that somebody asked for sets the loop going again',
    async (_name, answer) => {
      const { server, clock, device, peer, cut } = await quietWorld();
      const heal = cut(answer);
      await addTag(device, 'first');
      await settle();
      // The round is over when it was said; then the loop waits, or has given up.
      for (let tries = 0; device.engine.status().lastError === null; tries += 1) {
        expect(tries).toBeLessThan(100);
        clock.advance(100);
        await settle();
      }
      heal();
      expect(await device.engine.sync()).toMatchObject({ failure: null });
      clock.advance(0);
      await settle();
      expect(device.engine.status()).toMatchObject({ phase: 'idle', nextTryAt: null });
      clock.advance(1000);
      await settle();
      await addTag(device, 'second');
      await settle();
      expect(serverNames(server)).toEqual(['first', 'second']);
      await addTag(peer, 'theirs');
      await peer.engine.sync();
      await settle();
      expect(tagNames(device)).toEqual(['first', 'second', 'theirs']);
      await device.engine.stop();
    },
  );

  test('[LIVE-520] a device that is looked at asks once for what a silent stream did not tell, and opens another', async () => {
    const { clock, device, peer, asked, muteStreams } = await quietWorld();
    muteStreams();
    await addTag(peer, 'while it slept');
    await peer.engine.sync();
    clock.advance(60_000);
    await settle();
    expect(tagNames(device)).toEqual([]);
    // Every tab of the browser comes back at once.
    for (let tab = 0; tab < 5; tab += 1) device.engine.wake('visible');
    clock.advance(0);
    await settle();
    expect(tagNames(device)).toEqual(['while it slept']);
    expect(asked).toEqual(['GET /sync/pull']);
    await addTag(peer, 'told again');
    await peer.engine.sync();
    await settle();
    expect(tagNames(device)).toEqual(['told again', 'while it slept']);
    await device.engine.stop();
  });

  test('[LIVE-521] a device that is looked at asks again after a refusal that nothing else would end', async () => {
    const { clock, device, peer, asked, answer } = await quietWorld();
    answer({ type: 'answer', status: 401, headers: {}, body: {} });
    await addTag(device, 'mine');
    await settle();
    expect(device.engine.status().phase).toBe('signed-out');
    await addTag(peer, 'theirs');
    await peer.engine.sync();
    asked.length = 0;
    clock.advance(3_600_000);
    await settle();
    expect(asked).toEqual([]);
    device.engine.wake('visible');
    clock.advance(0);
    await settle();
    expect(tagNames(device)).toEqual(['mine', 'theirs']);
    expect(device.engine.status().phase).toBe('idle');
    await device.engine.stop();
  });

  test('[LIVE-522] a device without a household asks nothing when it is looked at', async () => {
    const { clock, device, asked } = await quietWorld();
    expect(await device.engine.detach()).toEqual({ type: 'detached' });
    clock.advance(1000);
    await settle();
    asked.length = 0;
    device.engine.wake('visible');
    clock.advance(60_000);
    await settle();
    expect(asked).toEqual([]);
    await device.engine.stop();
  });

  test('[LIVE-524] what waits to try a request again tries at once when it is told to', async () => {
    const { device, asked, answer } = await quietWorld();
    answer({ type: 'answer', status: 503, headers: { 'retry-after': '20' }, body: {} });
    const round = device.engine.sync();
    await settle();
    expect(asked).toEqual(['GET /sync/pull']);
    device.engine.endWaits();
    expect(await round).toMatchObject({ failure: null });
    expect(asked).toEqual(['GET /sync/pull', 'GET /sync/pull']);
    await device.engine.stop();
  });
});

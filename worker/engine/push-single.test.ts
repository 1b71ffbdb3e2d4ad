/** A push in one request: what its answer has to be before anything of it is believed. */
import { expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, tagNames } from '../../test/sim/tags.ts';
import { createDevice } from '../../test/sim/world.ts';
import type { SyncAnswer, Transport } from './ports.ts';

test('[PULL-540] an answer to a push that leaves out a bundle is refused, and the checkpoint stays', async () => {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  let isLeaky = false;
  const leak = (answer: SyncAnswer): SyncAnswer => {
    if (answer.type !== 'answer') return answer;
    const body = answer.body as { readonly bundles: readonly unknown[] };
    return { ...answer, body: { ...body, bundles: body.bundles.slice(1) } };
  };
  const transport: Transport = {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request) => {
      const answer = await server.transport.request(request);
      return isLeaky && request.path === '/sync/push' ? leak(answer) : answer;
    },
  };
  const device = await createDevice({ schema: kitchenSchema, transport, ids });
  const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await device.engine.attach('household');
  await peer.engine.attach('household');
  for (const name of ['theirs, left out', 'theirs']) {
    await addTag(peer, name);
    await peer.engine.sync();
  }
  await addTag(device, 'mine');
  isLeaky = true;
  expect(await device.engine.sync()).toMatchObject({
    failure: { type: 'protocol', code: 'history-hole' },
  });
  expect(device.engine.status()).toMatchObject({ checkpoint: 0, unsent: { rows: 1 } });
  expect(tagNames(device)).toEqual(['mine']);
  isLeaky = false;
  expect(await device.engine.sync()).toMatchObject({ failure: null });
  expect(tagNames(device)).toEqual(['mine', 'theirs', 'theirs, left out']);
  expect(server.latest()).toBe(3);
});

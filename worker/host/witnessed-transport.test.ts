import { expect, test } from 'vitest';
import type { SyncRequest, Transport } from '../engine/ports.ts';
import { createWitnessedTransport } from './witnessed-transport.ts';

const request = (method: SyncRequest['method']): SyncRequest => ({
  method,
  path: 'sync/push',
  headers: {},
  body: null,
  timeoutMs: 1_000,
});

function recording(steps: string[]): Transport {
  return {
    request(sent) {
      steps.push(sent.method);
      return Promise.resolve({ type: 'no-answer', reason: 'network' });
    },
    watch: () => () => undefined,
  };
}

test('[STORE-23] the witness is written before a push leaves; questions do not wait for it', async () => {
  const steps: string[] = [];
  const attest = async (): Promise<void> => {
    await Promise.resolve();
    steps.push('witness');
  };
  const transport = createWitnessedTransport(recording(steps), attest);
  await transport.request(request('POST'));
  await transport.request(request('GET'));
  expect(steps).toEqual(['witness', 'POST', 'GET']);
});

test('[STORE-23] nothing leaves a database that cannot be saved any more', async () => {
  const steps: string[] = [];
  const transport = createWitnessedTransport(recording(steps), () =>
    Promise.reject(new Error('lost')),
  );
  expect(await transport.request(request('POST'))).toEqual({
    type: 'no-answer',
    reason: 'aborted',
  });
  expect(steps).toEqual([]);
});

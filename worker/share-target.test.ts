/** Whatever is shared, and whatever the disk does, a page opens and finds it. */
import { afterEach, expect, test, vi } from 'vitest';

import { readShared, SHARE_PATH, SHARED_CHARACTERS_MAX, TOO_LARGE } from '../shared/share.ts';
import { takeShared } from './share-target.ts';

afterEach(() => vi.unstubAllGlobals());

async function addressAfter(text: string, put: () => Promise<void>): Promise<URL> {
  vi.stubGlobal('caches', { open: () => Promise.resolve({ put }) });
  const body = new FormData();
  body.set('text', text);
  const answer = await takeShared(
    new Request(`https://larder.test${SHARE_PATH}`, { method: 'POST', body }),
  );
  expect(answer.status).toBe(303);
  return new URL(answer.headers.get('location') ?? '');
}

test('[UI-454] what is shared while the disk is full opens a page that has it, and no server is sent it', async () => {
  const full = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
  const address = await addressAfter('flour\n50 % cream', full);
  expect(`${address.pathname}${address.search}`).toMatch(/^\/share\?draft=[0-9a-f-]+$/);
  expect(readShared(decodeURIComponent(address.hash.slice(1)))).toEqual({
    title: '',
    text: 'flour\r\n50 % cream',
    url: '',
  });
});

test('[UI-454] more than a draft holds opens the page that says so', async () => {
  const address = await addressAfter('x'.repeat(SHARED_CHARACTERS_MAX + 1), () =>
    Promise.resolve(),
  );
  expect(`${address.pathname}${address.search}${address.hash}`).toBe(`${SHARE_PATH}${TOO_LARGE}`);
});

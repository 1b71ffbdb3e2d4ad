/**
 * From a push to the moment when another client has the row, over loopback, without browsers: what the
 * server adds. Beside it the least server that can do this (`reference-server.mjs`), in the same run and on
 * the same Postgres, the two taking turns.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { must } from '../../shared/assert.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { newPerson, test } from '../e2e/fixtures.ts';
import { report } from './harness.ts';
import { checked, signUpOverHttp } from './http-client.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 150);
const WARM_UP = 20;

const AT = '2026-11-20T14:02:31.000Z';

function tagRow(round: number): PushRequestRow {
  const id = crypto.randomUUID();
  const name = `Tag ${round}`;
  const payload = { id, name, name_key: `tag ${round}`, hue: '3', created_at: AT, edited_at: AT };
  return {
    schema: 'larder',
    table: 'tags',
    key: { id },
    op: 'INSERT',
    base_row_version: 0,
    payload,
  };
}

/** Calls back with the data of every event of a stream. */
async function follow(url: string, init: RequestInit, onData: (data: string) => void) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  const reader = must(response.body, 'a stream has a body').getReader();
  const decoder = new TextDecoder();
  let text = '';
  const read = async (): Promise<void> => {
    for (;;) {
      const piece = await reader.read();
      if (piece.done) return;
      text += decoder.decode(piece.value, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) onData(data);
      }
    }
  };
  read().catch(() => undefined);
  return () => reader.cancel();
}

interface Times {
  readonly answered: number;
  readonly hinted: number;
  readonly visible: number;
}

/** One push by the first client; resolves when the second one has the row and the first its answer. */
type Push = (round: number) => Promise<Times>;

async function timed(
  post: () => Promise<void>,
  hint: Promise<void>,
  get: () => Promise<void>,
): Promise<Times> {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  let answered = 0;
  const posted = post().then(() => {
    answered = since();
    return undefined;
  });
  await hint;
  const hinted = since();
  await get();
  const visible = since();
  await posted;
  return { answered, hinted, visible };
}

/** Resolves `next()` with each event, in turn. */
function createInbox() {
  let deliver: () => void = () => undefined;
  return {
    next: () => new Promise<void>((resolve) => (deliver = resolve)),
    onData: () => deliver(),
  };
}

async function larderPush(baseUrl: string): Promise<{ push: Push; stop: () => unknown }> {
  const join = await signUpOverHttp(baseUrl, newPerson());
  const [from, to] = [await join(), await join()];
  const inbox = createInbox();
  const stop = await follow(
    `${baseUrl}/sync/watch?after_bundle_seq=0`,
    { headers: to.headers },
    inbox.onData,
  );
  const push: Push = (round) =>
    timed(
      async () => {
        await from.push(round, round - 1, [tagRow(round)]);
      },
      inbox.next(),
      async () => {
        const query = `after_bundle_seq=${round - 1}&max_bundles=1000`;
        const text = await checked(
          await fetch(`${baseUrl}/sync/pull?${query}`, { headers: to.headers }),
        );
        if (!text.includes(`Tag ${round}`)) throw new Error(`round ${round} is not there: ${text}`);
      },
    );
  return { push, stop };
}

async function barePush(databaseUrl: string): Promise<{ push: Push; stop: () => unknown }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'reference-server.mjs')],
    {
      env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  const port = await new Promise<string>((resolve) => {
    child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const inbox = createInbox();
  const stopStream = await follow(`${baseUrl}/stream`, {}, inbox.onData);
  const push: Push = (round) => {
    const body = JSON.stringify({
      id: crypto.randomUUID(),
      payload: JSON.stringify(tagRow(round)),
    });
    return timed(
      async () => {
        await checked(await fetch(baseUrl, { method: 'POST', body }));
      },
      inbox.next(),
      async () => {
        await checked(await fetch(`${baseUrl}/?after=${round - 1}`));
      },
    );
  };
  return {
    push,
    stop: async () => {
      await stopStream();
      child.kill();
    },
  };
}

test('a push until another client has it', async ({ larder }) => {
  const bare = await barePush(larder.databaseUrl);
  const ours = await larderPush(larder.url);
  const times = { bare: [] as Times[], ours: [] as Times[] };
  for (let round = 1; round <= WARM_UP + ROUNDS; round += 1) {
    const pair = [await bare.push(round), await ours.push(round)] as const;
    if (round <= WARM_UP) continue;
    times.bare.push(pair[0]);
    times.ours.push(pair[1]);
  }
  for (const [part, text] of [
    ['answered', 'push answered'],
    ['hinted', 'push to hint'],
    ['visible', 'push to visible'],
  ] as const) {
    const reference = `bare server: ${text}`;
    report(
      { name: reference, unit: 'ms' },
      times.bare.map((time) => time[part]),
    );
    report(
      {
        name: text,
        unit: 'ms',
        reference,
        ...(part === 'visible' ? { target: 'p50 ≤ 4, p99 ≤ 20, ≤ 2x' } : {}),
      },
      times.ours.map((time) => time[part]),
    );
  }
  await ours.stop();
  await bare.stop();
});

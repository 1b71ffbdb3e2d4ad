/** The watch stream's parser: the public cases, and every way of cutting the text into pieces. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WatchHint } from '../../shared/protocol/watch.ts';
import { createSseParser, SSE_LINE_CHARACTERS_MAX } from './sse-hints.ts';

const FILE = join(import.meta.dirname, '../../../shared/vectors/watch/basic.json');

interface SseCase {
  readonly name: string;
  readonly lines: readonly string[];
  readonly expectedEvents?: readonly WatchHint[];
  readonly expectError?: boolean;
}

const cases: readonly SseCase[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { sseCases: SseCase[] }).sseCases
  : [];

function parse(text: string, size: number): { hints: WatchHint[]; isBroken: boolean } {
  const hints: WatchHint[] = [];
  const parser = createSseParser((hint) => hints.push(hint));
  let isBroken = false;
  for (let at = 0; at < text.length; at += size)
    if (!parser.push(text.slice(at, at + size))) isBroken = true;
  return { hints, isBroken };
}

describe('the watch stream', () => {
  test.each(cases.map((one) => [one.name, one] as const))(
    '[LIVE-61] public case %s',
    (_name, one) => {
      for (const end of ['\n', '\r\n'])
        for (const size of [1, 7, 10_000]) {
          const { hints, isBroken } = parse(one.lines.map((line) => line + end).join(''), size);
          expect(isBroken).toBe(one.expectError === true);
          expect(hints.map(({ bundle_seq }) => bundle_seq)).toEqual(
            (one.expectedEvents ?? []).map(({ bundle_seq }) => bundle_seq),
          );
        }
    },
  );

  test('[LIVE-61] heartbeats and foreign events are silent, hints come in order', () => {
    const text =
      ': heartbeat\n\nevent: other\ndata: {nope\n\nevent: bundle\ndata: {"bundle_seq":6}\n\nevent:bundle\ndata:{"bundle_seq":7,"x":1}\n\n';
    expect(parse(text, 3)).toEqual({
      hints: [{ bundle_seq: 6 }, { bundle_seq: 7 }],
      isBroken: false,
    });
  });

  test('[LIVE-62] a line or an event beyond its bound breaks the stream', () => {
    expect(parse(`data: ${'x'.repeat(SSE_LINE_CHARACTERS_MAX)}`, 100_000).isBroken).toBe(true);
    const long = `data: ${'x'.repeat(600_000)}\n`;
    expect(parse(long + long, 100_000).isBroken).toBe(true);
  });
});

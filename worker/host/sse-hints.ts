/**
 * The watch stream as text → hints (`protocol.md` §7.2). Lines end with LF or CRLF, `:` begins a comment,
 * several data lines join with LF, events other than `bundle` are ignored whatever their data. A `bundle`
 * event without a positive whole `bundle_seq`, and a line or an event over 1 MiB, break the stream.
 */
import { watchHint } from '../../shared/protocol/watch.ts';
import type { WatchHint } from '../../shared/protocol/watch.ts';

export const SSE_LINE_CHARACTERS_MAX: number = 1024 * 1024;

export interface SseParser {
  /** Takes the next piece of text; false when the stream is broken and must be closed. */
  push(text: string): boolean;
}

function parseHint(data: string): WatchHint | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  const hint = watchHint.safeParse(value);
  return hint.success ? hint.data : null;
}

export function createSseParser(onHint: (hint: WatchHint) => void): SseParser {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let dataCharacters = 0;
  let isBroken = false;

  const dispatch = (): void => {
    if (event === 'bundle' && data.length > 0) {
      const hint = parseHint(data.join('\n'));
      if (hint === null) isBroken = true;
      else onHint(hint);
    }
    event = '';
    data = [];
    dataCharacters = 0;
  };

  const takeLine = (line: string): void => {
    if (line === '') {
      dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value =
      colon < 0 ? '' : line.slice(line.startsWith(' ', colon + 1) ? colon + 2 : colon + 1);
    if (name === 'event') event = value;
    if (name !== 'data') return;
    dataCharacters += value.length;
    if (dataCharacters > SSE_LINE_CHARACTERS_MAX) isBroken = true;
    else data.push(value);
  };

  return {
    push(text: string): boolean {
      rest += text;
      for (;;) {
        const end = rest.indexOf('\n');
        if (isBroken || end < 0) break;
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      }
      if (rest.length > SSE_LINE_CHARACTERS_MAX) isBroken = true;
      return !isBroken;
    },
  };
}

/**
 * A WebSocket client for the two remote protocols of the other browsers, because Node 20 has none: text
 * messages from and to a program on this machine. No extensions, no binary frames, no proxies.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';

export interface MessageLine {
  send(text: string): void;
}

const TEXT = 1;
const CONTINUED = 0;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** No answer of a browser comes near it; more is a broken stream. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

export async function openMessageLine(
  url: string,
  onMessage: (text: string) => void,
  onClosed: () => void,
): Promise<MessageLine> {
  const { socket, head } = await upgrade(url);
  const take = createFrameReader((opcode, payload) => {
    if (opcode === TEXT) onMessage(payload.toString('utf8'));
    else if (opcode === PING) socket.write(frame(PONG, payload));
    else if (opcode === CLOSE) socket.end();
  });
  socket.on('data', take);
  socket.on('error', () => undefined); // a close follows
  socket.on('close', onClosed);
  take(head);
  return {
    send: (text) => void socket.write(frame(TEXT, Buffer.from(text, 'utf8'))),
  };
}

function upgrade(url: string): Promise<{ socket: Duplex; head: Buffer }> {
  const key = randomBytes(16).toString('base64');
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  };
  return new Promise((resolve, reject) => {
    const asked = request(url.replace(/^ws:/, 'http:'), { headers });
    asked.once('upgrade', (_answer, socket, head) => resolve({ socket, head }));
    asked.once('response', ({ statusCode }) => reject(new Error(`no upgrade: ${statusCode}`)));
    asked.once('error', reject);
    asked.end();
  });
}

/** A client masks what it sends, and says its length in 7, 16 or 64 bits. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = 0x80 | opcode;
  header[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([header, mask, masked]);
}

/** Gives whole messages, put together from their frames; control frames may come in between. */
function createFrameReader(onMessage: (opcode: number, payload: Buffer) => void) {
  let unread = Buffer.alloc(0);
  let parts: Buffer[] = [];

  function takeFrame(): boolean {
    if (unread.length < 2) return false;
    const [first = 0, second = 0] = unread;
    const short = second & 0x7f;
    const header = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (unread.length < header) return false;
    const length =
      short === 126
        ? unread.readUInt16BE(2)
        : short === 127
          ? Number(unread.readBigUInt64BE(2))
          : short;
    if (length > MESSAGE_BYTES_MAX) throw new Error(`a message of ${length} bytes`);
    if (unread.length < header + length) return false;
    const payload = unread.subarray(header, header + length);
    unread = unread.subarray(header + length);
    const opcode = first & 0x0f;
    if (opcode !== TEXT && opcode !== CONTINUED) {
      onMessage(opcode, payload);
      return true;
    }
    parts.push(payload);
    if ((first & 0x80) !== 0) {
      onMessage(TEXT, Buffer.concat(parts));
      parts = [];
    }
    return true;
  }

  return (chunk: Buffer): void => {
    unread = Buffer.concat([unread, chunk]);
    while (takeFrame());
  };
}

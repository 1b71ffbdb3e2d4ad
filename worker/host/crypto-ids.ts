/**
 * Identifiers from the host's secure randomness. Row ids are UUIDv7 (RFC 9562 §5.7): 48 bits of wall time,
 * then a 12-bit counter that makes ids of one worker ascend strictly, then 62 random bits. A clock that
 * jumps back does not take the order back with it: time never decreases here.
 */
import type { Clock, Ids } from '../engine/ports.ts';

const COUNTER_END = 0x1000;
/** A new millisecond starts the counter in its lower half, so that a burst has room to count up. */
const COUNTER_START_END = 0x800;

export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

export function createCryptoIds(clock: Pick<Clock, 'nowMs'>): Ids {
  let lastMs = 0;
  let counter = 0;

  function rowId(): string {
    const bytes = randomBytes(16);
    const view = new DataView(bytes.buffer);
    const nowMs = Math.trunc(clock.nowMs());
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = view.getUint16(6) % COUNTER_START_END;
    } else {
      counter++;
      if (counter === COUNTER_END) {
        lastMs++;
        counter = 0;
      }
    }
    view.setUint16(0, Math.floor(lastMs / 0x1_0000_0000));
    view.setUint32(2, lastMs % 0x1_0000_0000);
    view.setUint16(6, 0x7000 | counter);
    view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
    return spell(bytes);
  }

  return {
    uuid: () => crypto.randomUUID(),
    rowId,
    random: () => new DataView(randomBytes(4).buffer).getUint32(0) / 0x1_0000_0000,
  };
}

function spell(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

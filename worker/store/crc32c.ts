/**
 * CRC-32C (Castagnoli, reflected, initial and final inversion), eight bytes a step: a base of 60 MB is
 * checked in about 50 ms. It detects accidents of storage, not malice.
 */

const POLYNOMIAL_REFLECTED = 0x82f63b78;
const STEP_BYTES = 8;

/** Table k holds the CRC of one byte followed by k zero bytes. */
const TABLES: Int32Array = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(STEP_BYTES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? POLYNOMIAL_REFLECTED ^ (crc >>> 1) : crc >>> 1;
    }
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    const shorter = tables[index - 256] ?? 0;
    tables[index] = (shorter >>> 8) ^ (tables[shorter & 255] ?? 0);
  }
  return tables;
}

export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  // Read through DataView: typed as numbers without a fallback per access, and as fast as arrays.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new DataView(TABLES.buffer);
  const at = (table: number, index: number): number =>
    tables.getInt32((table * 256 + index) * 4, true);
  let crc = ~0;
  let index = from;
  for (; index + STEP_BYTES <= to; index += STEP_BYTES) {
    const low = crc ^ view.getInt32(index, true);
    const high = view.getInt32(index + 4, true);
    crc =
      at(7, low & 255) ^
      at(6, (low >>> 8) & 255) ^
      at(5, (low >>> 16) & 255) ^
      at(4, low >>> 24) ^
      at(3, high & 255) ^
      at(2, (high >>> 8) & 255) ^
      at(1, (high >>> 16) & 255) ^
      at(0, high >>> 24);
  }
  for (; index < to; index++) {
    crc = at(0, (crc ^ view.getUint8(index)) & 255) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

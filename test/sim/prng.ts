/** Seeded randomness for tests: the same seed gives the same run on every machine. */

/** Returns whole numbers in [0, bound). */
export type Random = (bound: number) => number;

/** mulberry32: small, fast, good enough for drawing tests. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

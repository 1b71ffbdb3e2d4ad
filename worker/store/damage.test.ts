import { describe, expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { makeHistory, openHistory } from '../../test/sim/page-history.ts';
import type { Files, History } from '../../test/sim/page-history.ts';
import { medianSeeds, runs, SEEDS_MAX } from '../../test/sim/planted.ts';
import { createRandom } from '../../test/sim/prng.ts';
import type { Random } from '../../test/sim/prng.ts';
import type * as PageLogModule from './page-log.ts';

/** Refusals that are an answer: the state is not shown rather than guessed. */
const REFUSALS = ['broken', 'busy', 'full', 'gone'];
const TEST_MS_MAX = 600_000 * runs();

const history = await makeHistory(1, 5);
const other = await makeHistory(2, 9);

interface Found {
  /** Null when the opening was refused. */
  readonly tag: number | null;
  readonly loss: string;
}

/** Opens the folder and judges what is found: a true state of one of these histories, or a refusal. */
async function find(
  files: Files,
  knownId?: string,
  histories: readonly History[] = [history],
): Promise<Found> {
  const opened = await openHistory(files, 3, knownId === undefined ? {} : { knownId });
  if (!opened.ok) {
    if (!REFUSALS.includes(opened.error.type)) throw new Error(opened.error.type);
    return { tag: null, loss: 'refused' };
  }
  const image = opened.value.takeImage();
  const of = histories.find(({ databaseId }) => databaseId === opened.value.opening.databaseId);
  const tag = image.length === 0 ? 0 : (of?.tagOf(image) ?? null);
  expect(tag, 'a state that was').not.toBeNull();
  return { tag, loss: opened.value.opening.loss };
}

const logsOf = (files: Files) => [...files.keys()].filter((name) => name.startsWith('log-'));
const basesOf = (files: Files) => [...files.keys()].filter((name) => name.startsWith('base-'));
const bytesOf = (files: Files, name: string) => must(files.get(name), 'the file is there');

function without(files: Files, ...names: readonly string[]): Files {
  return new Map([...files].filter(([name]) => !names.includes(name)));
}

function withBytes(files: Files, name: string, bytes: Uint8Array<ArrayBuffer>): Files {
  return new Map([...files, [name, bytes]]);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> {
  const damaged = bytes.slice();
  damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return damaged;
}

/** Work is gone and the opening says that none can be. */
const isHidden = ({ tag, loss }: Found): boolean =>
  tag !== null && tag < history.lastTag && loss === 'none';

describe('a folder with a history', () => {
  test('[STORE-302] undamaged it opens clean, with two bases, merged and single segments', async () => {
    expect(await find(history.files)).toEqual({ tag: history.lastTag, loss: 'none' });
    expect(basesOf(history.files).length).toBeGreaterThanOrEqual(2);
    expect(logsOf(history.files).some((name) => name.endsWith('-80.larder'))).toBe(true);
    expect(logsOf(history.files).some((name) => name.endsWith('-00.larder'))).toBe(true);
  });

  test(
    '[STORE-302] every truncation and every flipped bit of the newest segment is an earlier state, and said',
    async () => {
      const name = must(logsOf(history.files).sort().at(-1), 'there is a segment');
      const bytes = bytesOf(history.files, name);
      for (let length = 0; length < bytes.length; length++) {
        const found = await find(withBytes(history.files, name, bytes.slice(0, length)));
        expect(isHidden(found), `${length} bytes`).toBe(false);
      }
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const found = await find(withBytes(history.files, name, flipped(bytes, bit)));
        expect(isHidden(found), `bit ${bit}`).toBe(false);
      }
    },
    TEST_MS_MAX,
  );

  test(
    '[STORE-302] truncations, flipped bits and zeroed tails of every segment are earlier states, and said',
    async () => {
      const random = createRandom(4);
      for (const name of logsOf(history.files)) {
        const bytes = bytesOf(history.files, name);
        for (let trial = 0; trial < 12 * runs(); trial++) {
          const cut = random(bytes.length);
          const zeroed = bytes.slice().fill(0, cut);
          for (const damaged of [
            bytes.slice(0, cut),
            flipped(bytes, cut * 8 + random(8)),
            zeroed,
          ]) {
            const found = await find(withBytes(history.files, name, damaged));
            expect({ name, isHidden: isHidden(found) }).toEqual({ name, isHidden: false });
          }
        }
      }
    },
    TEST_MS_MAX,
  );

  test('[STORE-303] any one base may be damaged or gone, and nothing is lost', async () => {
    const random = createRandom(5);
    for (const name of basesOf(history.files)) {
      const bytes = bytesOf(history.files, name);
      const headerBits = Array.from({ length: 84 * 8 }, (_, bit) => bit);
      const pageBits = Array.from({ length: 40 * runs() }, () => random(bytes.length * 8));
      for (const bit of [...headerBits.filter((at) => at % 7 === 0), ...pageBits]) {
        const found = await find(withBytes(history.files, name, flipped(bytes, bit)));
        expect(found.tag, `bit ${bit} of ${name}`).toBe(history.lastTag);
      }
      for (const length of [0, 1, 75, 4095, 4096, bytes.length - 1]) {
        const found = await find(withBytes(history.files, name, bytes.slice(0, length)));
        expect(found.tag, `${length} bytes of ${name}`).toBe(history.lastTag);
      }
      expect((await find(without(history.files, name))).tag).toBe(history.lastTag);
    }
  });

  test('[STORE-302] any one or two files may be missing: an earlier state, or a refusal where no base is left', async () => {
    const names = [...history.files.keys()];
    const isBase = (name: string) => name.startsWith('base-');
    for (const first of names) {
      for (const second of names) {
        const left = without(history.files, first, second);
        const { tag } = await find(left);
        expect(tag !== null || [first, second].every(isBase)).toBe(true);
      }
    }
    const withoutBases = without(history.files, ...basesOf(history.files));
    expect(await find(withoutBases)).toEqual({ tag: null, loss: 'refused' });
  });

  test('[STORE-302] files put twice and files in another order change nothing', async () => {
    const twice = new Map(history.files);
    for (const [name, bytes] of history.files) {
      twice.set(name.replace(/-(..)\.larder$/, '-7f.larder'), bytes);
    }
    expect(await find(twice)).toEqual({ tag: history.lastTag, loss: 'none' });
    expect(await find(new Map([...twice].reverse()))).toEqual({
      tag: history.lastTag,
      loss: 'none',
    });
  });

  test('[STORE-302] an older image that comes back beside the newer files changes nothing', async () => {
    for (const earlier of history.earlier) {
      expect((await find(new Map([...history.files, ...earlier]))).tag).toBe(history.lastTag);
      expect((await find(new Map([...earlier, ...history.files]))).tag).toBe(history.lastTag);
    }
  });

  test('[STORE-302] an older folder that comes back whole is a true earlier state', async () => {
    for (const earlier of history.earlier) {
      const { tag } = await find(earlier);
      expect(tag).toBeGreaterThan(0);
    }
  });
});

describe('foreign files', () => {
  test('[STORE-304] names and contents that are not ours are left alone', async () => {
    const junk = createRandom(6);
    const bytes = (size: number) => Uint8Array.from({ length: size }, () => junk(256));
    const files = new Map(history.files);
    for (const name of ['notes.txt', 'log-1.larder', 'x.crswap', '.DS_Store', 'base-.larder']) {
      files.set(name, bytes(500));
    }
    expect(await find(files)).toEqual({ tag: history.lastTag, loss: 'none' });
  });

  test('[STORE-304] rubbish under names like ours never wins, whatever it announces', async () => {
    const junk = createRandom(7);
    for (const epoch of ['00000001', '00000009', 'fffffff0']) {
      const files = new Map(history.files);
      files.set(
        `log-000000000001-0000000fffff-${epoch}-00000001-00.larder`,
        Uint8Array.from({ length: 900 }, () => junk(256)),
      );
      files.set(`base-0000000fffff-${epoch}-00000001-00.larder`, new Uint8Array(9000));
      const { tag, loss } = await find(files);
      expect(tag).toBe(history.lastTag);
      expect(loss).toBe('possible');
    }
  });

  test('[STORE-304] the whole folder of another device beside ours never mixes with it', async () => {
    const mixed = new Map([...history.files, ...other.files]);
    const both = [history, other];
    // Known from outside of the files: ours, although the other one has the newer owner.
    expect(await find(mixed, history.databaseId, both)).toMatchObject({ tag: history.lastTag });
    expect(await find(mixed, other.databaseId, both)).toMatchObject({ tag: other.lastTag });
    // Known from nowhere: one of them, whole.
    expect(await find(mixed, undefined, both)).toMatchObject({ tag: other.lastTag });
  });

  test('[STORE-304] damage to ours does not let the other device in', async () => {
    const random = createRandom(8);
    const mixed = new Map([...history.files, ...other.files]);
    for (let trial = 0; trial < 100 * runs(); trial++) {
      const damaged = damage(mixed, [...history.files.keys()], random);
      const opened = await openHistory(damaged, 3, { knownId: history.databaseId });
      if (!opened.ok) throw new Error(`it opens: ${opened.error.detail}`);
      expect(opened.value.opening.databaseId).toBe(history.databaseId);
      expect(history.tagOf(opened.value.takeImage())).not.toBeNull();
    }
  });
});

/** One kind of damage to one of the files. */
function damage(files: Files, among: readonly string[], random: Random): Files {
  const name = among[random(among.length)] ?? '';
  const bytes = files.get(name);
  if (bytes === undefined || bytes.length === 0) return files;
  switch (random(6)) {
    case 0:
      return without(files, name);
    case 1:
      return withBytes(files, name, bytes.slice(0, random(bytes.length)));
    case 2:
      return withBytes(files, name, flipped(bytes, random(bytes.length * 8)));
    case 3:
      return withBytes(files, name, bytes.slice().fill(0, random(bytes.length)));
    case 4:
      return withBytes(files, name, new Uint8Array(0));
    default:
      return withBytes(files, name.replace(/-(..)\.larder$/, '-7e.larder'), bytes);
  }
}

describe('damage of several kinds at once', () => {
  test(
    '[STORE-305] whatever happens to a folder, it opens in a true earlier state or is refused',
    async () => {
      const random = createRandom(9);
      let earlier = 0;
      const trials = 600 * runs();
      for (let trial = 0; trial < trials; trial++) {
        let files = history.files;
        for (let count = 1 + random(6); count > 0; count--) {
          files = damage(files, [...files.keys()], random);
        }
        if ((await find(files)).tag !== history.lastTag) earlier++;
      }
      expect(earlier, 'the damage did cost something').toBeGreaterThan(trials / 50);
      process.stdout.write(`damage: ${trials} folders, ${earlier} earlier states, 0 wrong\n`);
    },
    TEST_MS_MAX,
  );

  test.each([
    {
      name: 'keep one base only',
      file: 'worker/store/compact.ts',
      right: 'basesKept: 2,',
      wrong: 'basesKept: 1,',
    },
    {
      name: 'trust a base that is torn',
      file: 'worker/store/retention.ts',
      right: `if (typeof base === 'string' || crcBySeq.get(base.seq) !== base.chain) continue;`,
      wrong: `if (typeof base !== 'string' && crcBySeq.get(base.seq) !== base.chain) continue;`,
      also: [
        {
          file: 'worker/store/retention.ts',
          right: 'trusted.push(base.seq);',
          wrong: 'trusted.push(seq);',
        },
      ],
    },
    {
      name: 'trust a base that is not on the chain',
      file: 'worker/store/retention.ts',
      right: `if (typeof base === 'string' || crcBySeq.get(base.seq) !== base.chain) continue;`,
      wrong: `if (typeof base === 'string') continue;`,
    },
    {
      name: 'the checksum of a record is not looked at',
      file: 'worker/store/format.ts',
      right: 'if (crc32c(file, from, from + length - CRC_BYTES) !== crc) return null;',
      wrong: '',
    },
    {
      name: 'blocks of a base are not checked',
      file: 'worker/store/file-format.ts',
      right: `if (blockCrc(image, block) !== view.getUint32(BASE_HEADER_BYTES + 4 * block, true)) {`,
      wrong: `if (blockCrc(image, block) === -1) {`,
    },
  ])(
    '[STORE-305] the damage tests notice a planted mistake: $name',
    async (mistake) => {
      const entry = 'worker/store/page-log.ts';
      const median = await medianSeeds(
        entry,
        mistake,
        async (planted: typeof PageLogModule, seed) => {
          const random = createRandom(seed);
          const made = await makeHistory(seed, 4, planted.openPageLog);
          for (let trial = 0; trial < 30; trial++) {
            const names = trial % 2 === 0 ? basesOf(made.files) : logsOf(made.files);
            const damaged = damage(made.files, names, random);
            const opened = await openHistory(damaged, seed, { open: planted.openPageLog });
            const tag = opened.ok ? made.tagOf(opened.value.takeImage()) : null;
            if (tag === null || (trial % 2 === 0 && tag !== made.lastTag)) return true;
          }
          return false;
        },
      );
      expect(median).toBeLessThanOrEqual(SEEDS_MAX);
    },
    TEST_MS_MAX,
  );
});

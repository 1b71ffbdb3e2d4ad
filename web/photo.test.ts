import { describe, expect, test } from 'vitest';
import {
  cropPhoto,
  encodeWithin,
  fitPhoto,
  photoBytesAim,
  photoBytesMax,
  photoRungs,
} from './photo.ts';

const blobOf = (bytes: number) => new Blob([new Uint8Array(bytes)], { type: 'image/webp' });

describe('cropPhoto', () => {
  test('[UI-40] an ordinary picture keeps its whole frame', () => {
    expect(cropPhoto(4000, 3000)).toEqual({ left: 0, top: 0, width: 4000, height: 3000 });
  });

  test('[UI-40] a panorama and a tower are cut in the middle', () => {
    expect(cropPhoto(4000, 900)).toEqual({ left: 1200, top: 0, width: 1600, height: 900 });
    expect(cropPhoto(900, 4000)).toEqual({ left: 0, top: 1400, width: 900, height: 1200 });
  });
});

describe('fitPhoto', () => {
  test('[UI-40] a picture is scaled to the edge and never enlarged', () => {
    expect(fitPhoto(4000, 3000, 480)).toEqual({ width: 480, height: 360 });
    expect(fitPhoto(200, 100, 480)).toEqual({ width: 200, height: 100 });
    expect(fitPhoto(1, 5000, 480)).toEqual({ width: 1, height: 480 });
  });
});

describe('encodeWithin', () => {
  test('[UI-40] the first rung that meets the aim is taken', async () => {
    const sizes = [50_000, 40_000, 30_000, 20_000];
    const encoded = await encodeWithin(async ({ edge }) => {
      const size = sizes.shift() ?? 0;
      return { blob: blobOf(size), width: edge, height: edge };
    });
    expect(encoded?.blob.size).toBe(30_000);
  });

  test('[UI-40] without one that meets the aim the best one under the hard limit is taken', async () => {
    let tried = 0;
    const encoded = await encodeWithin(async ({ edge }) => {
      tried += 1;
      const size = tried === 1 ? photoBytesMax + 1 : photoBytesMax - tried;
      return { blob: blobOf(Math.max(size, photoBytesAim + 1)), width: edge, height: edge };
    });
    expect(encoded?.blob.size).toBe(photoBytesMax - 2);
    expect(tried).toBe(photoRungs.length);
  });

  test('[UI-40] a picture that never gets under the hard limit is refused', async () => {
    const encoded = await encodeWithin(async ({ edge }) => ({
      blob: blobOf(photoBytesMax + 1),
      width: edge,
      height: edge,
    }));
    expect(encoded).toBeNull();
  });

  test('[UI-40] an encoder that cannot write the format answers nothing, so another one is tried', async () => {
    expect(await encodeWithin(async () => null)).toBeNull();
  });
});

/**
 * Makes a picked picture small enough for a row: centre-cropped when it is very wide or tall, at most
 * 480 px, WebP where the browser can write it, else JPEG, about 30 KB, never over 65,536 bytes
 * (`app.md` §5.6; the limit is the check on `recipe_photos.bytes`).
 *
 * A picture that already fits is kept byte for byte, so that importing does not lose quality twice.
 * The size rules are plain functions; only `encodePhoto` touches the canvas. Safari has no WebP encoder
 * and hands back PNG without an error, so the type of every blob is checked instead of trusted.
 */
import type { PhotoDraft } from '../shared/acts/acts.ts';
import { err, ok, type Result } from '../shared/result.ts';

export const photoEdgeMax = 480;
export const photoBytesMax = 65_536;
/** What we aim for: five hundred recipes then weigh about 15 MB. */
export const photoBytesAim = 32_768;

export type PhotoProblem = { readonly type: 'unreadable' } | { readonly type: 'too-large' };

export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The widest and the tallest picture that stays whole; beyond it the long side is cut at both ends. */
const aspectMax = 16 / 9;
const aspectMin = 3 / 4;

export const cropPhoto = (width: number, height: number): Crop => {
  const aspect = width / height;
  if (aspect > aspectMax) {
    const kept = Math.round(height * aspectMax);
    return { left: Math.floor((width - kept) / 2), top: 0, width: kept, height };
  }
  if (aspect < aspectMin) {
    const kept = Math.round(width / aspectMin);
    return { left: 0, top: Math.floor((height - kept) / 2), width, height: kept };
  }
  return { left: 0, top: 0, width, height };
};

/** Scales down to the edge, never up. */
export const fitPhoto = (
  width: number,
  height: number,
  edge: number,
): { readonly width: number; readonly height: number } => {
  const factor = Math.min(1, edge / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
};

interface Rung {
  readonly edge: number;
  readonly quality: number;
}

/** Quality first, then pixels: a soft photo reads better on a card than a tiny one. */
export const photoRungs: readonly Rung[] = [
  { edge: photoEdgeMax, quality: 0.82 },
  { edge: photoEdgeMax, quality: 0.7 },
  { edge: photoEdgeMax, quality: 0.58 },
  { edge: 400, quality: 0.58 },
  { edge: 320, quality: 0.5 },
  { edge: 240, quality: 0.4 },
];

export interface Encoded {
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
}

/**
 * Walks the rungs until the aim is met. If no rung meets the aim, the first one under the hard limit is
 * taken, which is the best looking of those that fit.
 */
export const encodeWithin = async (
  encode: (rung: Rung) => Promise<Encoded | null>,
): Promise<Encoded | null> => {
  let fits: Encoded | null = null;
  for (const rung of photoRungs) {
    const encoded = await encode(rung);
    if (encoded === null) return fits;
    if (encoded.blob.size <= photoBytesAim) return encoded;
    if (fits === null && encoded.blob.size <= photoBytesMax) fits = encoded;
  }
  return fits;
};

const isPhotoMime = (mime: string): mime is PhotoDraft['mime'] =>
  mime === 'image/webp' || mime === 'image/jpeg';

const drawPhoto = (bitmap: ImageBitmap, crop: Crop, edge: number): HTMLCanvasElement | null => {
  const canvas = document.createElement('canvas');
  const size = fitPhoto(crop.width, crop.height, edge);
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.imageSmoothingQuality = 'high';
  // JPEG has no transparency: without this ground a transparent picture would turn black.
  context.fillStyle = 'white';
  context.fillRect(0, 0, size.width, size.height);
  context.drawImage(
    bitmap,
    crop.left,
    crop.top,
    crop.width,
    crop.height,
    0,
    0,
    size.width,
    size.height,
  );
  return canvas;
};

const canvasBlob = (canvas: HTMLCanvasElement, mime: string, quality: number) =>
  new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, mime, quality);
  });

const encodeBitmap = async (bitmap: ImageBitmap): Promise<Encoded | null> => {
  const crop = cropPhoto(bitmap.width, bitmap.height);
  const encodeAs = (mime: PhotoDraft['mime']) =>
    encodeWithin(async ({ edge, quality }) => {
      const canvas = drawPhoto(bitmap, crop, edge);
      const blob = canvas === null ? null : await canvasBlob(canvas, mime, quality);
      if (canvas === null || blob === null || blob.type !== mime) return null;
      return { blob, width: canvas.width, height: canvas.height };
    });
  return (await encodeAs('image/webp')) ?? (await encodeAs('image/jpeg'));
};

const readBitmap = async (picture: Blob): Promise<ImageBitmap | null> => {
  try {
    return await createImageBitmap(picture, { imageOrientation: 'from-image' });
  } catch {
    // Not a picture, or a format this browser cannot read: an expected answer, told as `unreadable`.
    return null;
  }
};

const photoOf = async (encoded: Encoded): Promise<Result<PhotoDraft, PhotoProblem>> => {
  const mime = encoded.blob.type;
  if (!isPhotoMime(mime)) return err({ type: 'unreadable' });
  const bytes = new Uint8Array(await encoded.blob.arrayBuffer());
  return ok({ mime, width: encoded.width, height: encoded.height, bytes });
};

/** Reads, crops, scales and re-encodes one picture. Never fetches anything. */
export const encodePhoto = async (picture: Blob): Promise<Result<PhotoDraft, PhotoProblem>> => {
  const bitmap = await readBitmap(picture);
  if (bitmap === null) return err({ type: 'unreadable' });
  try {
    const { width, height } = bitmap;
    const fitsAlready =
      isPhotoMime(picture.type) &&
      picture.size <= photoBytesMax &&
      Math.max(width, height) <= photoEdgeMax;
    if (fitsAlready) return await photoOf({ blob: picture, width, height });
    const encoded = await encodeBitmap(bitmap);
    return encoded === null ? err({ type: 'too-large' }) : await photoOf(encoded);
  } finally {
    bitmap.close();
  }
};

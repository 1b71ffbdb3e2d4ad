import { expect, test } from 'vitest';
import { dataAddressToBlob, findPhoto, photoName } from './photo-files.ts';

test('[IMPORT-20] a photo file is found by its name, whatever folder or spelling names it', () => {
  expect(photoName('photos/Apple%20Pie.webp?w=200')).toBe('apple pie.webp');
  expect(photoName('C:\\pictures\\Pie.JPG')).toBe('pie.jpg');
  expect(photoName('100%.jpg')).toBe('100%.jpg');
  const file = new Blob(['x']);
  const files = new Map([['apple pie.webp', file]]);
  expect(findPhoto('photos/apple%20pie.webp', files)).toBe(file);
  expect(findPhoto('photos/other.webp', files)).toBeNull();
  expect(findPhoto(null, files)).toBeNull();
});

test('[IMPORT-20] a picture inside the text is decoded, anything else is not fetched', async () => {
  const blob = dataAddressToBlob('data:image/webp;base64,AAEC/w==');
  expect(blob?.type).toBe('image/webp');
  expect(new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(
    new Uint8Array([0, 1, 2, 255]),
  );
  expect(dataAddressToBlob('data:text/html;base64,AAEC')).toBeNull();
  expect(dataAddressToBlob('data:image/png;base64,A')).toBeNull();
  expect(findPhoto('https://example.org/pie.webp', new Map())).toBeNull();
});

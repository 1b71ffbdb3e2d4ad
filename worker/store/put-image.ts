/**
 * Begins a page log with an image that is there already, in place of an empty database: what is done when the
 * files were taken away under a database that memory still holds whole. A new database id, so that no file of
 * the old one could ever be taken for its continuation.
 */
import type { Result } from '../../shared/result.ts';
import { allocateBase, sealBase } from './file-format.ts';
import { baseName } from './file-names.ts';
import type { Store, StoreFailure } from './files.ts';
import { PAGE_SIZE_BYTES } from './format.ts';

export interface NewDatabase {
  readonly databaseId: Uint8Array;
  readonly schemaVersion: number;
  readonly oldestWriterVersion: number;
}

/** The owner that opens next has a higher epoch than this. */
const NOBODY = { epoch: 1, nonce: 0 };
const FIRST_SEQ = 1;

/** The folder must be empty and nobody else's. */
export async function putImage(
  store: Store,
  image: Uint8Array,
  made: NewDatabase,
): Promise<Result<void, StoreFailure>> {
  const settled = await store.settle();
  if (!settled.ok) return settled;
  const pageCount = image.length / PAGE_SIZE_BYTES;
  const buffer = allocateBase(pageCount);
  buffer.image.set(image);
  sealBase(buffer, { ...made, ...NOBODY, seq: FIRST_SEQ, chain: null, pageCount });
  return store.put(baseName(FIRST_SEQ, NOBODY, 0), buffer.bytes.buffer);
}

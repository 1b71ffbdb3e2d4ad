/**
 * A second copy of the directory of kitchens, in the private file system. Chromium can lose the whole of
 * IndexedDB at the second start after a kill (a half-written record of its own log, `storage.md` §1), and a
 * device without its directory would open the first kitchen it ever had: somebody else's, perhaps.
 *
 * Files are written once, `<revision>.json`, and the one before is kept until the next: what a kill leaves of
 * the newest is no whole JSON. Nothing is written here before an owner has settled its store, which lies in the
 * same log of the browser.
 */
const FOLDER = 'larder-directory';
const NAME = /^(\d{1,15})\.json$/;
const KEPT = 2;

/** Lib types miss the iteration of directories in workers. */
interface Listable {
  keys(): AsyncIterable<string>;
}

export interface Revised {
  readonly revision: number;
}

/** The newest record that is whole, or null where there is none or no such file system. */
export async function readMirror<T extends Revised>(
  parse: (found: unknown) => T,
): Promise<T | null> {
  const folder = await openFolder();
  if (folder === null) return null;
  for (const revision of (await revisionsIn(folder)).reverse()) {
    try {
      const file = await (await folder.getFileHandle(`${revision}.json`)).getFile();
      return parse(JSON.parse(await file.text()));
    } catch {
      // Cut off by a kill, or of a version that this code does not know: the one before, then.
    }
  }
  return null;
}

/** Does nothing where there is no such file system; the record in IndexedDB is then the only one. */
export async function writeMirror(record: Revised): Promise<void> {
  const folder = await openFolder();
  if (folder === null) return;
  const handle = await folder.getFileHandle(`${record.revision}.json`, { create: true });
  const stream = await handle.createWritable();
  await stream.write(new TextEncoder().encode(JSON.stringify(record)).buffer);
  await stream.close();
  const older = (await revisionsIn(folder)).slice(0, -KEPT);
  for (const revision of older) await folder.removeEntry(`${revision}.json`);
}

async function openFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    return typeof FileSystemFileHandle.prototype.createWritable === 'function' ? folder : null;
  } catch {
    return null;
  }
}

/** Ascending. */
async function revisionsIn(folder: FileSystemDirectoryHandle): Promise<number[]> {
  const found: number[] = [];
  for await (const name of (folder as FileSystemDirectoryHandle & Listable).keys()) {
    const revision = NAME.exec(name)?.[1];
    if (revision !== undefined) found.push(Number(revision));
  }
  return found.sort((a, b) => a - b);
}

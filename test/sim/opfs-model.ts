/**
 * The private file system of a browser as far as the adapter calls it, in memory and with one fault: the
 * `callNumber`-th call of the platform goes wrong. Real browsers run the same store contract; they cannot be
 * made to lie about a size or to fill up at a chosen moment.
 */
export const PLATFORM_FAULTS = [
  /** The disk is full. */
  'QuotaExceededError',
  /** Somebody else has the file. */
  'NoModificationAllowedError',
  /** Site data was cleared. */
  'NotFoundError',
  'UnknownError',
  /** A stream that takes half of what it is given and says nothing. */
  'writes-half',
  /** WebKit was seen to write the whole buffer behind a view. */
  'writes-more',
] as const;
export type PlatformFault = (typeof PLATFORM_FAULTS)[number];

export interface OpfsModel {
  getDirectory(): Promise<FileSystemDirectoryHandle>;
  /** From now on the `callNumber`-th call goes wrong; null: none does. */
  breakAt(callNumber: number | null, fault: PlatformFault): void;
  callCount(): number;
}

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
}

const notFound = (): DOMException => new DOMException('not here', 'NotFoundError');

export function createOpfsModel(): OpfsModel {
  const root: Folder = { folders: new Map(), files: new Map() };
  let breaksAt: number | null = null;
  let fault: PlatformFault = 'UnknownError';
  let callCount = 0;

  /** Whether this call is the one that goes wrong; throws where the fault is an exception. */
  async function call(): Promise<boolean> {
    await Promise.resolve();
    callCount++;
    if (callCount !== breaksAt) return false;
    if (fault === 'writes-half' || fault === 'writes-more') return true;
    throw new DOMException('a planted fault', fault);
  }

  function distort(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    if (fault === 'writes-half') return bytes.slice(0, bytes.length / 2);
    const longer = new Uint8Array(bytes.length + 64);
    longer.set(bytes);
    return longer;
  }

  const fileHandle = (folder: Folder, name: string) => ({
    async getFile() {
      await call();
      const bytes = folder.files.get(name);
      if (bytes === undefined) throw notFound();
      return new File([bytes], name);
    },
    async createWritable() {
      await call();
      let written = new Uint8Array(0);
      return {
        async write(buffer: ArrayBuffer) {
          const isHit = await call();
          const bytes = new Uint8Array(buffer.slice(0));
          written = isHit ? distort(bytes) : bytes;
        },
        async close() {
          await call();
          folder.files.set(name, written);
        },
      };
    },
  });

  function directoryHandle(folder: Folder): object {
    return {
      async getDirectoryHandle(name: string, options?: { readonly create?: boolean }) {
        await call();
        let found = folder.folders.get(name);
        if (found === undefined && options?.create !== true) throw notFound();
        found ??= { folders: new Map(), files: new Map() };
        folder.folders.set(name, found);
        return directoryHandle(found);
      },
      async getFileHandle(name: string, options?: { readonly create?: boolean }) {
        await call();
        if (!folder.files.has(name)) {
          if (options?.create !== true) throw notFound();
          folder.files.set(name, new Uint8Array(0));
        }
        return fileHandle(folder, name);
      },
      async removeEntry(name: string) {
        await call();
        if (!folder.files.delete(name) && !folder.folders.delete(name)) throw notFound();
      },
      async *keys() {
        await call();
        yield* Array.from(folder.files.keys());
      },
    };
  }

  return {
    getDirectory: () => Promise.resolve(directoryHandle(root) as FileSystemDirectoryHandle),
    breakAt(callNumber, what) {
      callCount = 0;
      breaksAt = callNumber;
      fault = what;
    },
    callCount: () => callCount,
  };
}

/**
 * Captures the pages of every committed transaction of a stock sql.js database.
 *
 * How: `database.db` is the `sqlite3*`; its first field is the `sqlite3_vfs*`. For the one file that is
 * watched, the method table is replaced by a copy with our xWrite, xTruncate and xFileControl.
 * SQLITE_FCNTL_COMMIT_PHASETWO comes once per committed transaction and is the commit point. Offsets are
 * those of the public structs of sqlite3.h in wasm32, the same in sql.js 1.13 to 1.16.
 *
 * What must hold
 *  - A before-image is taken only of a page inside the *committed* file: a new page that spills twice in
 *    one transaction must not take its first spill for history.
 *  - Every page number that is new in the file gets an entry, written or not: SQLite leaves pages
 *    unwritten that were allocated and freed in one transaction.
 *  - Pages are read at the commit, not when written; changes stay pending over a rollback, where content
 *    written back gives an empty difference.
 *  - A hook never throws through SQLite: it poisons the capture, which must not serve any more.
 *
 * It does not write files and does not know what becomes of a transaction.
 */
import type { Database } from 'sql.js';
import { assert, must } from '../../shared/assert.ts';
import { PAGE_SIZE_BYTES } from '../store/format.ts';
import type { PageChange, PageChanges } from '../store/format.ts';
import { diffPage } from '../store/page-diff.ts';
import type { CommittedPages } from '../store/page-log.ts';
import type { SqliteEngine, WasmFunction } from './sqlite-engine.ts';

const SQLITE_OK = 0;
const SQLITE_OPEN_MAIN_DB = 0x100;
const SQLITE_FCNTL_COMMIT_PHASETWO = 22;
const VFS_OPEN_AT = 24;
const METHODS_BYTES = 76;
const METHOD_READ_AT = 8;
const METHOD_WRITE_AT = 12;
const METHOD_TRUNCATE_AT = 16;
const METHOD_FILE_CONTROL_AT = 40;
/** Big-endian fields of the SQLite file header. */
const PAGE_SIZE_AT = 16;
const SCHEMA_COOKIE_AT = 40;
const USER_VERSION_AT = 60;
/** Past this many touched pages a transaction collects no more old content: it becomes a base anyway. */
const BEFORE_IMAGES_MAX = 2048;

export interface CapturedDatabase {
  readonly database: Database;
  /** The committed file, byte for byte, read below SQLite. Between transactions only. */
  copyImage(into: Uint8Array): void;
  imageBytes(): number;
  /** The error a hook swallowed. Once set, nothing that was committed since may be acknowledged. */
  poison(): Error | null;
  /** Closes the database and gives back what the hooks took. */
  close(): void;
}

/** Wasm memory as bytes and numbers; views are made anew after it grew. */
interface Heap {
  u32(at: number): number;
  setU32(at: number, value: number): void;
  copy(from: number, length: number): Uint8Array;
  copyInto(target: Uint8Array, at: number, from: number, length: number): void;
  move(to: number, from: number, length: number): void;
}

function createHeap(memory: WebAssembly.Memory): Heap {
  let view = new DataView(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  const refresh = (): void => {
    if (bytes.buffer === memory.buffer) return;
    view = new DataView(memory.buffer);
    bytes = new Uint8Array(memory.buffer);
  };
  return {
    u32(at) {
      refresh();
      return view.getUint32(at, true);
    },
    setU32(at, value) {
      refresh();
      view.setUint32(at, value, true);
    },
    copy(from, length) {
      refresh();
      return bytes.slice(from, from + length);
    },
    copyInto(target, at, from, length) {
      refresh();
      target.set(bytes.subarray(from, from + length), at);
    },
    move(to, from, length) {
      refresh();
      bytes.copyWithin(to, from, from + length);
    },
  };
}

const functionAt = (engine: SqliteEngine, index: number): WasmFunction =>
  must(engine.table.get(index) as WasmFunction | null, 'SQLite has a function at this index');

/** Opens `image` (empty: a new database) and reports every transaction committed on it from now on. */
export function openCaptured(
  engine: SqliteEngine,
  image: Uint8Array,
  onCommit: (pages: CommittedPages) => void,
): CapturedDatabase {
  assert(image.length % PAGE_SIZE_BYTES === 0, 'an image is made of whole pages');
  const heap = createHeap(engine.memory);
  const watch = createWatch(engine, heap, image.length, onCommit);
  const vfs = findVfs(engine, heap);
  const originalIndex = heap.u32(vfs + VFS_OPEN_AT);
  const originalOpen = functionAt(engine, originalIndex);
  let isArmed = true;
  const hook = engine.addFunction((self = 0, name = 0, file = 0, flags = 0, out = 0) => {
    const outcome = originalOpen(self, name, file, flags, out);
    if (outcome === SQLITE_OK && isArmed && (Number(flags) & SQLITE_OPEN_MAIN_DB) !== 0) {
      isArmed = false;
      watch.attach(Number(file));
    }
    return outcome;
  }, 'iiiiii');
  heap.setU32(vfs + VFS_OPEN_AT, hook);
  const database = engine.openDatabase(image.length === 0 ? null : image);
  database.exec('pragma schema_version');
  // Only this one open is watched: `export()` and `ATTACH` go through the same function.
  heap.setU32(vfs + VFS_OPEN_AT, originalIndex);
  engine.removeFunction(hook);
  assert(!isArmed, 'the hook on opening files was reached');
  const { copyImage, imageBytes, poison } = watch;
  const close = (): void => {
    database.close();
    watch.release();
  };
  return { database, copyImage, imageBytes, poison, close };
}

/** The default VFS, shared by all databases of the module: read from a database opened for that. */
function findVfs(engine: SqliteEngine, heap: Heap): number {
  const probe = engine.openDatabase(null);
  const vfs = heap.u32(databasePointer(probe));
  probe.close();
  return vfs;
}

function databasePointer(database: Database): number {
  const pointer: unknown = (database as unknown as { readonly db: unknown }).db;
  assert(typeof pointer === 'number' && pointer > 0, 'sql.js keeps the sqlite3 pointer in `db`');
  return pointer;
}

interface Watch {
  readonly attach: (file: number) => void;
  readonly copyImage: (into: Uint8Array) => void;
  readonly imageBytes: () => number;
  readonly poison: () => Error | null;
  readonly release: () => void;
}

interface WatchedFile {
  pointer: number;
  read: WasmFunction;
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
function createWatch(
  engine: SqliteEngine,
  heap: Heap,
  imageBytes: number,
  onCommit: (pages: CommittedPages) => void,
): Watch {
  const scratch = engine.allocate(PAGE_SIZE_BYTES);
  const allocated = [scratch];
  const hooks: number[] = [];
  const touched = new Set<number>();
  const before = new Map<number, Uint8Array | null>();
  let file: WatchedFile | null = null;
  let size = imageBytes;
  let committedSize = imageBytes;
  let schemaCookie: number | null = null;
  let poison: Error | null = null;

  /** A hook must not throw through SQLite: what goes wrong is remembered, and ends the service. */
  function guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      poison ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  function readIntoScratch(offset: number): void {
    const { pointer, read } = must(file, 'the file is open');
    const outcome = read(pointer, scratch, PAGE_SIZE_BYTES, BigInt(offset));
    assert(outcome === SQLITE_OK, `page at ${offset} can be read (${outcome})`);
  }

  function readPage(offset: number): Uint8Array {
    readIntoScratch(offset);
    return heap.copy(scratch, PAGE_SIZE_BYTES);
  }

  function beforeWrite(offset: number, length: number): void {
    assert(
      offset % PAGE_SIZE_BYTES === 0 && length === PAGE_SIZE_BYTES,
      `SQLite writes whole pages (${offset}+${length})`,
    );
    if (before.has(offset) || offset >= Math.min(committedSize, size)) return;
    before.set(offset, before.size < BEFORE_IMAGES_MAX ? readPage(offset) : null);
  }

  function readChanges(): PageChanges {
    const changes = new Map<number, PageChange>();
    for (const offset of touched) {
      const change = diffPage(before.get(offset) ?? null, readPage(offset));
      if (change !== null) changes.set(offset / PAGE_SIZE_BYTES + 1, change);
    }
    return changes;
  }

  function copyImage(into: Uint8Array): void {
    assert(into.length === committedSize, 'the target has the size of the database');
    for (let at = 0; at < into.length; at += PAGE_SIZE_BYTES) {
      readIntoScratch(at);
      heap.copyInto(into, at, scratch, PAGE_SIZE_BYTES);
    }
  }

  function commit(): void {
    for (let at = committedSize; at < size; at += PAGE_SIZE_BYTES) touched.add(at);
    const isChanged = touched.size > 0 || size !== committedSize;
    committedSize = size;
    if (isChanged) {
      const header = new DataView(readPage(0).buffer);
      // VACUUM takes a new page size over in writes of the old one: only the header tells.
      const pageSize = header.getUint16(PAGE_SIZE_AT, false);
      assert(pageSize === PAGE_SIZE_BYTES, `the page size is fixed (${pageSize})`);
      const cookie = header.getUint32(SCHEMA_COOKIE_AT, false);
      const schemaChanged = schemaCookie !== cookie;
      schemaCookie = cookie;
      onCommit({
        pageCount: size / PAGE_SIZE_BYTES,
        touchedPages: touched.size,
        schemaChanged,
        schemaVersion: header.getUint32(USER_VERSION_AT, false),
        readChanges,
        copyImage,
      });
    }
    touched.clear();
    before.clear();
  }

  function truncated(newSize: number): void {
    size = newSize;
    for (const offset of touched) if (offset >= size) touched.delete(offset);
  }

  function attach(pointer: number): void {
    const methods = heap.u32(pointer);
    const method = (at: number): WasmFunction => functionAt(engine, heap.u32(methods + at));
    const copy = engine.allocate(METHODS_BYTES);
    allocated.push(copy);
    heap.move(copy, methods, METHODS_BYTES);
    const [write, truncate, control] = [
      METHOD_WRITE_AT,
      METHOD_TRUNCATE_AT,
      METHOD_FILE_CONTROL_AT,
    ].map(method);
    assert(write && truncate && control, 'the file has its methods');
    file = { pointer, read: method(METHOD_READ_AT) };
    const replace = (at: number, signature: string, work: WasmFunction): void => {
      const hook = engine.addFunction(work, signature);
      hooks.push(hook);
      heap.setU32(copy + at, hook);
    };
    replace(METHOD_WRITE_AT, 'iiiij', (self = 0, buffer = 0, length = 0, at = 0n) => {
      const offset = Number(at);
      guard(() => beforeWrite(offset, Number(length)));
      const outcome = write(self, buffer, length, at);
      if (outcome === SQLITE_OK) {
        touched.add(offset);
        size = Math.max(size, offset + Number(length));
      }
      return outcome;
    });
    replace(METHOD_TRUNCATE_AT, 'iij', (self = 0, newSize = 0n) => {
      const outcome = truncate(self, newSize);
      if (outcome === SQLITE_OK) truncated(Number(newSize));
      return outcome;
    });
    replace(METHOD_FILE_CONTROL_AT, 'iiii', (self = 0, operation = 0, argument = 0) => {
      const outcome = control(self, operation, argument);
      if (operation === SQLITE_FCNTL_COMMIT_PHASETWO) guard(commit);
      return outcome;
    });
    heap.setU32(pointer, copy);
    if (committedSize > 0) {
      schemaCookie = new DataView(readPage(0).buffer).getUint32(SCHEMA_COOKIE_AT, false);
    }
  }

  function release(): void {
    file = null;
    for (const hook of hooks) engine.removeFunction(hook);
    for (const pointer of allocated) engine.free(pointer);
  }

  return { attach, copyImage, imageBytes: () => committedSize, poison: () => poison, release };
}

/**
 * Loads sql.js and keeps what its public interface hides: the wasm memory and the function table, which
 * `page-capture.ts` needs to stand between SQLite and its file. Nothing of sql.js is patched.
 */
import initSqlJs from 'sql.js';
import type { Database, InitSqlJsStatic, SqlJsStatic } from 'sql.js';
import { assert } from '../../shared/assert.ts';

/** Where `sql-wasm.wasm` of the installed sql.js comes from: an address to fetch, or its bytes. */
export type WasmSource = string | URL | Uint8Array<ArrayBuffer>;

/** A C function of SQLite or of ours; pointers and 32-bit integers are numbers, 64-bit ones bigints. */
export type WasmFunction = (...args: (number | bigint)[]) => number;

export interface SqliteEngine {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  openDatabase(image: Uint8Array | null): Database;
  allocate(sizeBytes: number): number;
  /** Puts a function of ours into the table; `signature` is Emscripten's, for instance "iij". */
  addFunction(work: WasmFunction, signature: string): number;
  free(pointer: number): void;
  removeFunction(index: number): void;
}

/** What the Emscripten build adds to the documented object; present in 1.13 to 1.16. */
interface SqlJsModule extends SqlJsStatic {
  readonly _malloc: (sizeBytes: number) => number;
  readonly _free: (pointer: number) => void;
  readonly addFunction: (work: WasmFunction, signature: string) => number;
  readonly removeFunction: (index: number) => void;
}

/** sql.js itself keeps one module per script and ignores later configurations; so there is one engine. */
let engine: Promise<SqliteEngine> | null = null;

export function loadSqliteEngine(wasm: WasmSource): Promise<SqliteEngine> {
  engine ??= loadBuild(initSqlJs, wasm);
  return engine;
}

/** The same of another build of sql.js than the one that is served. */
export async function loadBuild(
  initSqlJs: InitSqlJsStatic,
  wasm: WasmSource,
): Promise<SqliteEngine> {
  const compiled = await compile(wasm);
  let instance: WebAssembly.Instance | null = null;
  const sqlJs = await new Promise<SqlJsModule>((resolve, reject) => {
    const config = {
      // Without this 1.16 leaves out the older extension functions it would register on every open.
      useOldExtensionFunctions: false,
      instantiateWasm(
        imports: WebAssembly.Imports,
        done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ): object {
        // Emscripten has no error path here, so a failure must reject the promise by hand.
        WebAssembly.instantiate(compiled, imports).then((created) => {
          instance = created;
          // oxlint-disable-next-line promise/no-callback-in-promise -- Emscripten's interface, not ours
          done(created, compiled);
          return undefined;
        }, reject);
        return {};
      },
    };
    // The types lag behind: `instantiateWasm` is typed as synchronous there.
    (initSqlJs(config as never) as Promise<SqlJsModule>).then(resolve, reject);
  });
  assert(instance !== null, 'sql.js instantiated the module it was given');
  // Export names are minified, so memory and table are found by type.
  const exported: readonly unknown[] = Object.values((instance as WebAssembly.Instance).exports);
  const memory = exported.find((value) => value instanceof WebAssembly.Memory);
  const table = exported.find((value) => value instanceof WebAssembly.Table);
  assert(memory !== undefined && table !== undefined, 'sql.js exports its memory and its table');
  return {
    memory,
    table,
    openDatabase: (image) => new sqlJs.Database(image),
    allocate(sizeBytes) {
      // oxlint-disable-next-line no-underscore-dangle -- Emscripten's name
      const pointer = sqlJs._malloc(sizeBytes);
      assert(pointer !== 0, 'wasm memory has room for a few bytes');
      return pointer;
    },
    addFunction: (work, signature) => sqlJs.addFunction(work, signature),
    // oxlint-disable-next-line no-underscore-dangle -- Emscripten's name
    free: (pointer) => sqlJs._free(pointer),
    removeFunction: (index) => sqlJs.removeFunction(index),
  };
}

async function compile(wasm: WasmSource): Promise<WebAssembly.Module> {
  if (wasm instanceof Uint8Array) return WebAssembly.compile(wasm);
  const response = await fetch(wasm);
  assert(response.ok, `the SQLite module answered ${response.status}`);
  // Streaming lets the browser keep compiled code; it insists on the content type.
  return response.headers.get('content-type') === 'application/wasm'
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

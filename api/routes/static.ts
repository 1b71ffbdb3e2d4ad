/**
 * The built app. Files are read once at start: what is served is exactly what was built, and no
 * request can name a path of the disk. Hashed files are kept by browsers for ever; everything with a
 * fixed name is asked for again each time (304 by ETag). Unknown paths without an extension are the
 * app's own addresses and get `index.html`; `/sync` alone is one of them, `/sync/…` is the protocol's.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context } from 'hono';
import { refuse } from './refuse.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

const compressible = new Set(['.html', '.js', '.css', '.json', '.wasm', '.svg', '.webmanifest']);
const compressedFromBytes = 1024;

type Encoding = 'br' | 'gzip' | 'identity';
type Bytes = Uint8Array<ArrayBuffer>;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly isHashed: boolean;
  readonly isCompressible: boolean;
  /** Compressed at the first request that wants it. */
  readonly bodies: Map<Encoding, Promise<Bytes>>;
}

export type StaticFiles = ReadonlyMap<string, StaticFile>;

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

const own = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

async function compress(plain: Bytes, encoding: Exclude<Encoding, 'identity'>): Promise<Bytes> {
  if (encoding === 'gzip') return own(await gz(plain, { level: 6 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 6, // 9 takes seconds for the database's wasm, for 3 % less.
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.byteLength,
  };
  return own(await brotli(plain, { params }));
}

/** Vite puts everything whose name holds a content hash, and nothing else, into `assets/`. */
export function readStaticFiles(folder: string): StaticFiles {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${relative(folder, path).split(sep).join('/')}`;
    const plain = own(readFileSync(path));
    const extension = extname(name);
    files.set(name, {
      type: types[extension] ?? 'application/octet-stream',
      etag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
      isHashed: name.startsWith('/assets/'),
      isCompressible: compressible.has(extension) && plain.byteLength >= compressedFromBytes,
      bodies: new Map([['identity', Promise.resolve(plain)]]),
    });
  }
  return files;
}

function pickEncoding(file: StaticFile, accepted: string): Encoding {
  if (!file.isCompressible) return 'identity';
  // A refusal by weight (`br;q=0`) is rare and must still be kept.
  const names = accepted
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim());
  if (names.includes('br')) return 'br';
  return names.includes('gzip') ? 'gzip' : 'identity';
}

export function createStaticRoute(files: StaticFiles): (context: Context) => Promise<Response> {
  return async (context) => {
    const { method, path } = context.req;
    if (method !== 'GET' && method !== 'HEAD') {
      return refuse(404, 'not_found', 'There is nothing here.');
    }
    const isAppAddress = extname(path) === '' && !/^\/(sync|syncx|api)\//.test(path);
    const file = files.get(path) ?? (isAppAddress ? files.get('/index.html') : undefined);
    if (file === undefined) return refuse(404, 'not_found', 'There is nothing here.');

    const headers = new Headers({
      'Content-Type': file.type,
      'Cache-Control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: file.etag,
      Vary: 'Accept-Encoding',
    });
    const known = context.req.header('if-none-match');
    if (known?.split(',').some((tag) => tag.trim() === file.etag) === true) {
      return new Response(null, { status: 304, headers });
    }
    const encoding = pickEncoding(file, context.req.header('accept-encoding') ?? '');
    let body = file.bodies.get(encoding);
    if (body === undefined && encoding !== 'identity') {
      const plain = file.bodies.get('identity');
      body = plain?.then(async (bytes) => compress(bytes, encoding));
      if (body !== undefined) file.bodies.set(encoding, body);
    }
    const bytes = await body;
    if (bytes === undefined) return refuse(404, 'not_found', 'There is nothing here.');
    if (encoding !== 'identity') headers.set('Content-Encoding', encoding);
    headers.set('Content-Length', String(bytes.byteLength));
    return new Response(method === 'HEAD' ? null : bytes, { status: 200, headers });
  };
}

/**
 * The public vectors against the codec: canonical JSON, hashes, value spellings, message shapes. What
 * needs a server runs in `vectors.pg.test.ts`, what needs a client beside the engine.
 */
/* oxlint-disable vitest/no-conditional-expect, vitest/no-conditional-tests, vitest/valid-title -- a missing folder is one test that says so, and messages differ by case */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { utf8Encode } from '../../shared/bytes.ts';
import { capabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { canonicalJson } from '../../shared/protocol/canonical-json.ts';
import { canonicalRequestHash, bundleHash } from '../../shared/protocol/bundle-hash.ts';
import { committedRowsResponse } from '../../shared/protocol/committed-bundle.ts';
import { connectRequest, connectResponse } from '../../shared/protocol/connect.ts';
import { errorBody, errorCodes } from '../../shared/protocol/errors.ts';
import { pullResponse } from '../../shared/protocol/pull.ts';
import {
  pushChunkRequest,
  pushChunkResponse,
  pushCommitResponse,
  pushCreateRequest,
  pushCreateResponse,
} from '../../shared/protocol/push.ts';
import { type PushRequestRow, pushRequestRow } from '../../shared/protocol/shapes.ts';
import {
  snapshotCreateRequest,
  snapshotPageResponse,
  snapshotSessionResponse,
} from '../../shared/protocol/snapshot.ts';
import { watchHint } from '../../shared/protocol/watch.ts';
import { type WireType, checkWireValue } from '../../shared/schema/value-wire.ts';
import {
  MISSING,
  areVectorsHere,
  casesOf,
  checkUnderstood,
  folder as vectorFolder,
  readVectors,
} from './vectors.ts';

type Members = Readonly<Record<string, unknown>>;
interface Schema {
  safeParse(value: unknown): { readonly success: boolean };
}

const ran = { count: 0 };
const CANONICAL = 'canonical-json/jcs-uniform-numeric-strings.json';

afterAll(() => {
  if (areVectorsHere)
    process.stdout.write(`public vectors, codec: ${String(ran.count)} checks ran\n`);
});

/** A failing vector is counted as run as well: the number says what was looked at. */
function check(work: () => void): void {
  ran.count += 1;
  work();
}

if (!areVectorsHere) {
  test(MISSING, () => {
    process.stdout.write(`${MISSING}\n`);
    expect(areVectorsHere).toBe(false);
  });
} else {
  test('[OPS-130] every public vector is understood, and client cases are listed by name', () => {
    const cases = checkUnderstood();
    const forClients = cases.filter(({ audience }) => audience.includes('client'));
    process.stdout.write(
      `public vectors: ${String(cases.length)} cases, ${String(forClients.length)} of them (also) for clients:\n${forClients
        .map(({ name }) => `  client case ${name}\n`)
        .join('')}`,
    );
    expect(cases.length).toBeGreaterThan(90);
  });
  test('[OPS-253] a vector file, group, case or version that nobody knows fails the run', () => {
    const copy = mkdtempSync(join(tmpdir(), 'larder-vectors-'));
    const changed = (path: string, change: (content: Record<string, unknown>) => unknown) => () => {
      cpSync(vectorFolder, copy, { recursive: true, filter: (file) => !file.includes('recipes') });
      const file = join(copy, path);
      mkdirSync(dirname(file), { recursive: true });
      const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
      writeFileSync(file, JSON.stringify(change({ ...before })));
      return checkUnderstood(copy);
    };
    const push = 'push/basic-insert.json';
    expect(changed(push, (content) => content)().length).toBeGreaterThan(90);
    expect(changed(push, (content) => ({ ...content, later: [] }))).toThrow('not understood');
    expect(changed(push, (content) => ({ ...content, cases: [{ name: 'new' }] }))).toThrow(
      'not understood',
    );
    expect(changed(push, (content) => ({ ...content, formatVersion: 2 }))).toThrow('version');
    expect(changed('push/another.json', () => ({}))).toThrow('not understood');
    rmSync(copy, { recursive: true });
  });
  describeValues();
  describeShapes();
}

function describeValues(): void {
  interface ValueCase {
    readonly uploaded_wire: string;
    readonly postgres_destination: string;
    readonly committed_server: string | boolean;
  }
  const wireType = (destination: string): WireType =>
    (/^(numeric|decimal)/.test(destination) ? 'numeric' : destination) as WireType;

  describe('values', () => {
    const accepted = ['integer', 'decimal', 'float', 'boolean'].flatMap((family) =>
      casesOf<ValueCase>(CANONICAL, `${family}_cases`),
    );
    test.each(accepted)('[OPS-130] %s travels in both directions', (_name, vector) => {
      check(() => {
        const type = wireType(vector.postgres_destination);
        expect(checkWireValue(type, vector.uploaded_wire)).toBeNull();
        expect(checkWireValue(type, vector.committed_server)).toBeNull();
      });
    });

    const types: Readonly<Record<string, WireType>> = {
      integer: 'int8',
      decimal: 'numeric',
      float: 'float8',
      boolean: 'boolean',
    };
    test.each(
      casesOf<{ family: string; input: unknown; input_json_type: string; category: string }>(
        CANONICAL,
        'invalid_cases',
      ),
    )('[OPS-130] %s is refused with its category', (_name, vector) => {
      check(() => {
        expect(typeof vector.input).toBe(vector.input_json_type);
        const type = types[vector.family];
        expect(type).toBeDefined();
        if (type !== undefined) expect(checkWireValue(type, vector.input)).toBe(vector.category);
      });
    });

    interface Example {
      readonly canonical_bytes: string;
      readonly utf8_base64: string;
      readonly sha256: string;
    }
    const examples = Object.entries(
      readVectors(CANONICAL)['canonical_examples'] as Readonly<Record<string, Example>>,
    );
    test.each(examples)('[OPS-130] %s has exactly its canonical bytes', async (_name, example) => {
      ran.count += 1;
      const text = canonicalJson(JSON.parse(example.canonical_bytes));
      expect(text).toBe(example.canonical_bytes);
      const bytes = utf8Encode(text);
      expect(Buffer.from(bytes).toString('base64')).toBe(example.utf8_base64);
      const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
      expect(Buffer.from(digest).toString('hex')).toBe(example.sha256);
    });

    test('[OPS-130] both bundle hashes come out of rows as they travel', () => {
      const rowsOf = (name: string): Members[] =>
        JSON.parse(examples.find(([label]) => label === name)?.[1].canonical_bytes ?? '[]');
      const asNumber = (rows: Members[], member: string) =>
        rows.map(({ row_ordinal: _ordinal, ...row }) => ({
          ...row,
          [member]: Number(row[member]),
        }));
      check(() => {
        const request = asNumber(rowsOf('push_request'), 'base_row_version');
        const committed = asNumber(rowsOf('committed_bundle'), 'row_version');
        expect(canonicalRequestHash(request as never)).toEqual({
          hash: 'ce9f4105cdda62a7705ef32476ebb3b3737fb44866a4bf4eedfeaaa571eb443a',
          byteCount: 314,
        });
        expect(bundleHash(committed as never)).toEqual({
          hash: '92fe0879f22de1e60f1bec5655f94cc641389e2ba5624666402a2a5cdd7150e3',
          byteCount: 311,
        });
      });
    });
  });
}

/** Placeholders of the fixtures stand for hashes; everything else must fit as it is. */
const withHashes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (name, member: unknown) =>
    name === 'bundle_hash' ? 'f'.repeat(64) : member,
  );

const accepts = (schema: Schema, value: unknown): boolean =>
  schema.safeParse(withHashes(value)).success;

/** Which schema reads a member of a case, and whether the case is wrong in a way that shapes can see. */
const schemas: Readonly<Record<string, Schema>> = {
  pushSessionCreateRequest: pushCreateRequest,
  pushSessionCreateResponse: pushCreateResponse,
  pushChunkRequest,
  pushChunkResponse,
  pushCommitResponse,
  pushConflictResponse: errorBody,
  committedBundleRowsResponse: committedRowsResponse,
  pullResponse,
  snapshotSession: snapshotSessionResponse,
  snapshotChunkResponse: snapshotPageResponse,
  snapshotSessionCreateRequest: snapshotCreateRequest,
};

/** Refused by shape alone. What only the relation of two messages shows is the client's to refuse. */
const refusedByShape: ReadonlySet<string> = new Set([
  'pull-rejects-row-version-zero pullResponse',
  'snapshot-rejects-negative-row-count snapshotSession',
]);

const pageBytes = (rows: readonly unknown[]): number =>
  rows.reduce<number>((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)), 0);

function describeShapes(): void {
  describe('messages', () => {
    const messages = ['push/basic-insert.json', 'pull-snapshot/basic.json'].flatMap((file) =>
      casesOf<Members>(file, 'cases'),
    );
    test.each(messages)(
      '[OPS-130] the messages of %s have the shapes of the protocol',
      (name, vector) => {
        for (const [member, message] of Object.entries(vector)) {
          const schema = schemas[member];
          if (schema === undefined) continue;
          check(() =>
            expect([member, accepts(schema, message)]).toEqual([
              member,
              !refusedByShape.has(`${name} ${member}`),
            ]),
          );
        }
        for (const response of Object.values(vector)) {
          const { status, body } = (response ?? {}) as {
            status?: number;
            body?: { error: string };
          };
          if (status === undefined || body === undefined) continue;
          check(() => expect(errorCodes).toMatchObject({ [body.error]: { status } }));
        }
      },
    );

    test('[SNAP-30] a page counts the bytes of its compact rows, as published clients do', () => {
      for (const [name, vector] of casesOf<Members>('pull-snapshot/basic.json', 'cases')) {
        const page = vector['snapshotChunkResponse'] as { rows: unknown[]; byte_count: number };
        if (page === undefined || name.startsWith('snapshot-rejects-')) continue;
        check(() => expect([name, pageBytes(page.rows)]).toEqual([name, page.byte_count]));
      }
    });

    interface Handshake {
      readonly capabilities?: { readonly body: unknown };
      readonly response?: { readonly body: unknown };
      readonly connect?: { readonly body: unknown } | null;
      readonly expectedBundleChangeWatchSupported?: boolean;
    }
    test.each([
      ...casesOf<Handshake>('protocol-handshake/connect.json', 'cases'),
      ...casesOf<Handshake>('watch/basic.json', 'capabilitiesCases'),
    ])('[OPS-130] the documents of %s are read', (_name, vector) => {
      check(() => {
        const parsed = capabilitiesResponse.parse((vector.capabilities ?? vector.response)?.body);
        if (vector.expectedBundleChangeWatchSupported !== undefined) {
          expect(parsed.features['bundle_change_watch'] ?? false).toBe(
            vector.expectedBundleChangeWatchSupported,
          );
        }
        if (vector.connect !== null && vector.connect !== undefined)
          expect(accepts(connectResponse, vector.connect.body)).toBe(true);
      });
    });

    interface Request {
      readonly operation: string;
      readonly expected: {
        readonly body: Members | null;
        readonly bodyMustNotContain?: readonly string[];
      };
    }
    const requests: Readonly<Record<string, Schema>> = {
      connect: connectRequest,
      pushSessionCreate: pushCreateRequest,
      pushSessionChunk: pushChunkRequest,
      sourceReplacement: snapshotCreateRequest,
    };
    test.each(casesOf<Request>('protocol-http/requests.json', 'cases'))(
      '[OPS-130] the request %s is what the schemas read',
      (_name, { operation, expected }) => {
        check(() => {
          const schema = requests[operation];
          expect(schema !== undefined).toBe(expected.body !== null);
          if (schema === undefined || expected.body === null) return;
          expect(accepts(schema, expected.body)).toBe(true);
          for (const member of expected.bodyMustNotContain ?? []) {
            expect(expected.body).not.toHaveProperty(member);
          }
          for (const row of (expected.body['rows'] ?? []) as PushRequestRow[]) {
            expect(accepts(pushRequestRow, row)).toBe(true);
          }
        });
      },
    );

    interface Sse {
      readonly lines: readonly string[];
      readonly expectedEvents?: readonly Members[];
    }
    test.each(casesOf<Sse>('watch/basic.json', 'sseCases'))(
      '[OPS-130] the events of %s are hints',
      (_name, vector) => {
        check(() => {
          for (const event of vector.expectedEvents ?? [])
            expect(accepts(watchHint, event)).toBe(true);
        });
      },
    );

    test('[OPS-130] every refusal of the vectors has its code and status', () => {
      interface Refused {
        readonly status: number;
        readonly expectedError: string;
        readonly body: { readonly error: string };
      }
      for (const [, refused] of casesOf<Refused>('watch/basic.json', 'setupErrorResponses')) {
        check(() => {
          expect(errorCodes).toMatchObject({ [refused.expectedError]: { status: refused.status } });
          expect(errorBody.parse(refused.body).error).toBe(refused.expectedError);
        });
      }
      const { capacity_error_codes: codes } = readVectors<{ capacity_error_codes: string[] }>(
        'snapshot-capacity/retry.json',
      );
      for (const code of codes)
        check(() => expect(errorCodes).toMatchObject({ [code]: { status: 429 } }));
    });
  });
}

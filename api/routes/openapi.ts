/**
 * The HTTP interface as an OpenAPI 3.1 document, made from the same zod schemas that read requests and
 * answers, and from the table of error codes. Written by hand are only what no schema says: paths, query
 * parameters, and which codes an operation answers with. `docs/openapi.json` is this document, checked in;
 * tests compare the two and drive random requests from it.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { capabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { committedRowsResponse } from '../../shared/protocol/committed-bundle.ts';
import { connectRequest, connectResponse } from '../../shared/protocol/connect.ts';
import {
  type ErrorCode,
  conflict,
  errorBody,
  errorCodes,
  rejection,
} from '../../shared/protocol/errors.ts';
import { pullResponse } from '../../shared/protocol/pull.ts';
import {
  pushChunkRequest,
  pushChunkResponse,
  pushCommitResponse,
  pushCreateRequest,
  pushCreateResponse,
  singlePushRequest,
  singlePushResponse,
} from '../../shared/protocol/push.ts';
import {
  bundle,
  bundleNote,
  bundleRow,
  pushRequestRow,
  snapshotRow,
} from '../../shared/protocol/shapes.ts';
import {
  snapshotCreateRequest,
  snapshotPageResponse,
  snapshotSessionResponse,
} from '../../shared/protocol/snapshot.ts';
import { watchHint } from '../../shared/protocol/watch.ts';
import { COMMON_CODES, type Operation, operations } from './openapi-operations.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Rows are judged one by one by the service, so the reading schemas take them as they come. */
const rows = z.array(pushRequestRow);

/** What the server reads. Members that it does not know are ignored, except where a schema is strict. */
const requestSchemas = {
  ConnectRequest: connectRequest,
  PushCreateRequest: pushCreateRequest,
  PushChunkRequest: pushChunkRequest.extend({ rows }),
  SinglePushRequest: pushCreateRequest
    .omit({ planned_row_count: true })
    .extend(singlePushRequest.pick({ after_bundle_seq: true, include: true }).shape)
    .extend({ rows }),
  SnapshotCreateRequest: snapshotCreateRequest,
  PushRequestRow: pushRequestRow,
  NoteRequest: bundleNote,
} as const;

/** What the server sends, and nothing else. */
const responseSchemas = {
  CapabilitiesResponse: capabilitiesResponse,
  CommittedRowsResponse: committedRowsResponse,
  ConnectResponse: connectResponse,
  PullResponse: pullResponse,
  PushChunkResponse: pushChunkResponse,
  PushCommitResponse: pushCommitResponse,
  PushCreateResponse: pushCreateResponse,
  SinglePushResponse: singlePushResponse,
  SnapshotPageResponse: snapshotPageResponse,
  SnapshotSessionResponse: snapshotSessionResponse,
  WatchHint: watchHint,
  Bundle: bundle,
  BundleNote: bundleNote,
  BundleRow: bundleRow,
  Conflict: conflict,
  ErrorBody: errorBody,
  Rejection: rejection,
  SnapshotRow: snapshotRow,
  StatusResponse: z.looseObject({
    status: z.enum(['healthy', 'unhealthy']),
    version: z.literal('v1'),
    app_name: z.string(),
    lifecycle: z.enum(['running', 'shutting_down', 'closed']),
    accepting_operations: z.boolean(),
    features: z.record(z.string(), z.boolean()),
  }),
} as const;

export type RequestName = keyof typeof requestSchemas;
export type ResponseName = keyof typeof responseSchemas;

const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

function components(
  schemas: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output',
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, schema]) => {
      const { $schema: _dialect, $id: _own, ...rest } = schema;
      return [id, rest];
    }),
  );
}

const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer', minimum: 1 } } } as const;

/** One entry per status; the body names exactly the codes that travel with it. */
function refusals(codes: readonly ErrorCode[]): Record<string, JsonSchema> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => [
      String(status),
      {
        description: own.map((code) => `\`${code}\`: ${errorCodes[code].meaning}`).join('; '),
        ...(status === 429 || status === 503 ? { headers: RETRY_AFTER } : {}),
        content: {
          'application/json': {
            schema: { allOf: [reference('ErrorBody'), { properties: { error: { enum: own } } }] },
          },
        },
      },
    ]),
  );
}

function success(operation: Operation): Record<string, JsonSchema> {
  const { answer } = operation;
  if (answer === 'nothing') return { '204': { description: 'done' } };
  if (answer === 'events') {
    return {
      '200': {
        description: 'server-sent events of type `bundle`; the data of each is a WatchHint',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
    };
  }
  if (answer === 'lines') {
    return {
      '200': {
        description: 'a header, one array per row, and a trailer, one per line',
        content: { 'application/x-ndjson': { schema: { type: 'string' } } },
      },
    };
  }
  const content = { 'application/json': { schema: reference(answer) } };
  const isHealth = operation.path === '/syncx/health';
  return {
    '200': { description: 'done', content },
    ...(isHealth ? { '503': { description: 'not healthy', content } } : {}),
  };
}

function describeOperation(operation: Operation): JsonSchema {
  const isPublic = operation.path.startsWith('/syncx/');
  const pathNames = [...operation.path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name);
  const parameters = [
    ...pathNames.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1 },
    })),
    ...Object.entries(operation.query ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      schema,
    })),
    ...(isPublic ? [] : [{ $ref: '#/components/parameters/SourceId' }]),
    ...(isPublic ? [] : [{ $ref: '#/components/parameters/Extensions' }]),
    ...(isPublic ? [] : [{ $ref: '#/components/parameters/ExpectedUser' }]),
  ];
  const codes = isPublic ? operation.codes : [...new Set([...operation.codes, ...COMMON_CODES])];
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(isPublic ? { security: [] } : {}),
    parameters,
    ...(operation.request === undefined
      ? {}
      : {
          requestBody: {
            required: operation.isBodyRequired ?? true,
            content: { 'application/json': { schema: reference(operation.request) } },
          },
        }),
    responses: { ...refusals(codes), ...success(operation) },
  };
}

function header(
  name: string,
  isRequired: boolean,
  schema: JsonSchema,
  description: string,
): JsonSchema {
  return { name, in: 'header', required: isRequired, description, schema };
}

/** The whole document; a plain value, the same at every call. */
export function describeOpenapi(): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Larder sync',
      version: 'v1',
      description:
        'How a device exchanges atomic bundles of rows with its household. Numbers of columns travel as text.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ session: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      parameters: {
        SourceId: header(
          'Oversync-Source-ID',
          true,
          { type: 'string', pattern: '^[!-~]{1,256}$' },
          'who pushes and pulls: one id per copy of the local database',
        ),
        Extensions: header(
          'Oversync-Extensions',
          false,
          { type: 'string' },
          'names of the extensions that the request asks for, by comma',
        ),
        ExpectedUser: header(
          'Oversync-Expect-User',
          false,
          { type: 'string' },
          'the household that the request is meant for',
        ),
      },
      schemas: { ...components(requestSchemas, 'input'), ...components(responseSchemas, 'output') },
    },
  };
}

export function createOpenapiRoutes(): Hono {
  const text = JSON.stringify(describeOpenapi());
  const routes = new Hono();
  routes.get(
    '/api/openapi.json',
    () =>
      new Response(text, {
        headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' },
      }),
  );
  return routes;
}

/**
 * The public test vectors of the protocol, read from `../shared/vectors` beside this repository when the
 * folder is there. They are data of another project and never part of this one.
 *
 * Every file, every group of cases and every case is listed here with who has to understand it: the codec
 * (`shared/protocol`, `shared/schema`), the server, or the client. A file, group or case that is not listed
 * makes `checkUnderstood` fail, so that a new vector can never be passed over in silence.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, must } from '../../shared/assert.ts';

export const folder: string = fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

export type Audience = 'codec' | 'server' | 'client';
/** A group whose cases are all alike, or one entry per case. */
type Group = readonly Audience[] | Readonly<Record<string, readonly Audience[]>>;

interface VectorFile {
  readonly version: readonly [member: string, value: unknown];
  readonly groups: Readonly<Record<string, Group>>;
  /** Members that describe the file and hold no cases. */
  readonly about: readonly string[];
}

const codec = ['codec'] as const;
const both = ['codec', 'server'] as const;
const client = ['client'] as const;
const codecAndClient = ['codec', 'client'] as const;

const files: Readonly<Record<string, VectorFile>> = {
  'canonical-json/jcs-uniform-numeric-strings.json': {
    version: ['fixture_schema_version', 1],
    about: ['contract', 'contract_id', 'required_protocol_version'],
    groups: {
      integer_cases: both,
      decimal_cases: both,
      float_cases: both,
      boolean_cases: both,
      invalid_cases: both,
      canonical_examples: {
        push_request: codec,
        committed_bundle: codec,
        pull_response: codec,
        snapshot_response: codec,
        conflict_response: codec,
      },
      replay_cases: client,
      protocol: {
        capabilities: ['server'],
        updated_client_rejections: client,
        full_reset: client,
        incompatible_development_build: client,
      },
    },
  },
  'protocol-http/requests.json': {
    version: ['formatVersion', 1],
    about: ['baseUri'],
    groups: {
      cases: {
        capabilities: both,
        connect: both,
        pull: both,
        'push-session-create': both,
        'push-session-chunk': both,
        'push-session-commit': both,
        'committed-rows': both,
        'snapshot-session': both,
        'snapshot-chunk': both,
        'source-replacement': both,
        watch: both,
      },
    },
  },
  'protocol-handshake/connect.json': {
    version: ['formatVersion', 1],
    about: [],
    groups: {
      contractCases: client,
      cases: {
        'unsupported-capability': codecAndClient,
        'retry-later': codecAndClient,
        'initialize-empty': codecAndClient,
        'initialize-local': codecAndClient,
        'adopted-populated-remote-authoritative': codecAndClient,
      },
    },
  },
  'push/basic-insert.json': {
    version: ['formatVersion', 1],
    about: [],
    groups: {
      cases: {
        'single-insert-commit': ['codec', 'server', 'client'],
        'server-wins-update-conflict': ['codec', 'server', 'client'],
        'already-committed-request-hash-mismatch-preserves-source-sequence-error': codecAndClient,
        'committed-remote-request-hash-mismatch-requires-rebuild': codecAndClient,
      },
    },
  },
  'pull-snapshot/basic.json': {
    version: ['formatVersion', 1],
    about: [],
    groups: {
      cases: {
        'populated-adoption-baseline': codecAndClient,
        'incremental-insert-delete': ['codec', 'server', 'client'],
        'history-pruned-fallback': ['codec', 'server', 'client'],
        'checkpoint-ahead-fallback': ['codec', 'server', 'client'],
        'source-replacement-snapshot': ['codec', 'server', 'client'],
        'pull-rejects-row-version-zero': codecAndClient,
        'pull-rejects-hidden-scope-payload': client,
        'pull-rejects-stable-behind-request': client,
        'pull-rejects-non-empty-response-without-stable-ceiling': client,
        'snapshot-rejects-malformed-expiry': client,
        'snapshot-rejects-negative-row-count': codecAndClient,
        'snapshot-rejects-non-empty-session-without-bundle-seq': client,
        'snapshot-rejects-hidden-scope-payload': client,
        'snapshot-rejects-has-more-with-empty-rows': client,
        'snapshot-rejects-next-row-ordinal-mismatch': client,
        'snapshot-rejects-non-empty-chunk-without-bundle-seq': client,
        'source-replacement-invalid': ['codec', 'server', 'client'],
      },
    },
  },
  'watch/basic.json': {
    version: ['formatVersion', 1],
    about: [],
    groups: {
      capabilitiesCases: codecAndClient,
      sseCases: codecAndClient,
      setupErrorResponses: both,
      runtimeCases: client,
    },
  },
  'snapshot-capacity/retry.json': {
    version: ['contract', 'snapshot-capacity-retry-v1'],
    about: ['defaults'],
    groups: { retry_after_cases: client, capacity_error_codes: codec },
  },
  'rich-schema/business-rich-v0.json': {
    version: ['formatVersion', 1],
    about: ['fixture', 'schema'],
    groups: { tables: ['server'], numericScenarios: both },
  },
};

/** False where only this repository was checked out. */
export const areVectorsHere = existsSync(folder);

/** The one line that a report shows where the folder is missing. */
export const MISSING = 'vectors missing: ../shared/vectors is not there, so no public vector ran';

type Members = Readonly<Record<string, unknown>>;

/** The content of a file; whoever reads it says what it expects and compares it member by member. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a fixture has the shape that its one reader states
export function readVectors<T = Members>(name: string, from: string = folder): T {
  assert(files[name] !== undefined, `${name} is a listed vector file`);
  return JSON.parse(readFileSync(join(from, name), 'utf8')) as T;
}

function labelOf(entry: unknown, index: number): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  const { name, wire, expectedError } = entry as Members;
  const label = name ?? wire ?? expectedError;
  return typeof label === 'string' ? label : String(index);
}

const isForAll = (group: Group): group is readonly Audience[] => Array.isArray(group);

interface ListedCase {
  readonly name: string;
  readonly audience: readonly Audience[];
}

function listGroup(file: string, name: string, group: Group, content: unknown): ListedCase[] {
  assert(typeof content === 'object' && content !== null, `${file}: ${name} holds no cases`);
  const labels = Array.isArray(content) ? content.map(labelOf) : Object.keys(content);
  return labels.map((label) => {
    const audience = isForAll(group) ? group : group[label];
    assert(audience !== undefined, `${file}: the case "${label}" of ${name} is not understood`);
    return { name: `${file} ${name} ${label}`, audience };
  });
}

/** Every case that is there; throws for a file, group, version or case that nobody knows. */
export function checkUnderstood(from: string = folder): readonly ListedCase[] {
  const found = readdirSync(from, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.json'));
  for (const path of found) assert(path in files, `the vector file ${path} is not understood`);
  return Object.entries(files).flatMap(([path, { version, groups, about }]) => {
    const content = readVectors(path, from);
    assert(content[version[0]] === version[1], `${path} has another format version`);
    for (const member of Object.keys(content)) {
      const isKnown = member in groups || about.includes(member) || member === version[0];
      assert(isKnown, `${path}: the member "${member}" is not understood`);
    }
    return Object.entries(groups).flatMap(([name, group]) =>
      listGroup(path, name, group, content[name]),
    );
  });
}

/** The cases of a group with their names, for `test.each`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a fixture has the shape that its one reader states
export const casesOf = <T>(file: string, group: string): readonly (readonly [string, T])[] =>
  (readVectors(file)[group] as T[]).map((entry, index) => [labelOf(entry, index), entry]);

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a fixture has the shape that its one reader states
export function caseNamed<T>(file: string, name: string): T {
  const found = casesOf<T>(file, 'cases').find(([label]) => label === name);
  return must(found, `${file} has the case ${name}`)[1];
}

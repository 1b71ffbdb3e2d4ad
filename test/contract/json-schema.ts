/**
 * A validator and a generator for the part of JSON Schema that our OpenAPI document uses. A keyword that
 * neither knows is an error, so that nothing is believed to be checked that is not.
 */
import { assert } from '../../shared/assert.ts';
import type { Random } from '../sim/prng.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const KNOWN = new Set(
  `$ref type properties required additionalProperties enum const anyOf oneOf allOf items minimum maximum
   exclusiveMinimum pattern minLength maxLength minItems maxItems propertyNames default description format id`.split(
    /\s+/,
  ),
);

export interface SchemaReader {
  /** Null when `value` fits, else where and why it does not. */
  explain(schema: JsonSchema, value: unknown): string | null;
  /** A value that fits, drawn small. */
  draw(schema: JsonSchema, random: Random): unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly JsonSchema[] => (value ?? []) as readonly JsonSchema[];

const leastItems = (schema: JsonSchema): number => Number(schema['minItems'] ?? 0);
const mostItems = (schema: JsonSchema): number => Number(schema['maxItems'] ?? Infinity);
const drawLength = (schema: JsonSchema, random: Random): number =>
  Math.min(Math.max(random(4), leastItems(schema)), mostItems(schema));

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function explainScalar(schema: JsonSchema, value: unknown, at: string): string | null {
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value)) {
    return `${at} is none of ${JSON.stringify(schema['enum'])}`;
  }
  if ('const' in schema && schema['const'] !== value) return `${at} is not the constant`;
  if (typeof value === 'number') {
    if (value < Number(schema['minimum'] ?? -Infinity)) return `${at} is below its minimum`;
    if (value > Number(schema['maximum'] ?? Infinity)) return `${at} is above its maximum`;
  }
  if (typeof value === 'string') {
    if (value.length < Number(schema['minLength'] ?? 0)) return `${at} is too short`;
    if (value.length > Number(schema['maxLength'] ?? Infinity)) return `${at} is too long`;
    if (typeof schema['pattern'] === 'string' && !new RegExp(schema['pattern'], 'u').test(value)) {
      return `${at} does not match ${schema['pattern']}`;
    }
  }
  return null;
}

/** One that fits each pattern of the document. */
const examples: Readonly<Record<string, (random: Random) => string>> = {
  '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$': () => crypto.randomUUID(),
  '^[0-9a-f]{64}$': (random) => random(16).toString(16).repeat(64),
  '^[^\\p{Cc}\\p{Cs}]*$': (random) => ['Ticked', 'é😀', 'x'.repeat(200)][random(3)] ?? '',
  '^[a-z][a-z0-9_.-]{0,63}$': () => 'list.tick',
  '^[!-~]{1,256}$': (random) => `source-${String(random(1000))}`,
};

const WORDS = ['', 'larder', 'list_items', 'id', 'é😀', '\u0000', '__proto__', 'source-1'] as const;

export function createSchemaReader(document: JsonSchema): SchemaReader {
  const resolve = (schema: JsonSchema): JsonSchema => {
    for (const keyword of Object.keys(schema))
      assert(KNOWN.has(keyword), `the keyword ${keyword} is known`);
    const target = schema['$ref'];
    if (typeof target !== 'string') return schema;
    let found: unknown = document;
    for (const part of target.slice(2).split('/')) found = (found as Record<string, unknown>)[part];
    assert(isObject(found), `${target} is in the document`);
    return found;
  };

  const explainObject = (schema: JsonSchema, value: object, at: string): string | null => {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
    for (const name of (schema['required'] ?? []) as string[]) {
      if (!Object.hasOwn(value, name)) return `${at}.${name} is missing`;
    }
    const additional = schema['additionalProperties'] ?? true;
    for (const [name, member] of Object.entries(value)) {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (own === undefined && additional === false) return `${at}.${name} is not documented`;
      const rule = own ?? (isObject(additional) ? additional : {});
      const why = explain(rule, member, `${at}.${name}`);
      if (why !== null) return why;
    }
    return null;
  };

  const explain = (given: JsonSchema, value: unknown, at: string): string | null => {
    const schema = resolve(given);
    for (const part of listOf(schema['allOf'])) {
      const why = explain(part, value, at);
      if (why !== null) return why;
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      const options = listOf(schema[keyword]);
      const reasons = options.map((option) => explain(option, value, at));
      if (options.length > 0 && !reasons.includes(null)) return `${at}: ${reasons.join(' / ')}`;
    }
    const types = [schema['type'] ?? []].flat() as string[];
    if (types.length > 0 && !types.some((type) => hasType(type, value))) {
      return `${at} is not of type ${types.join(' or ')}`;
    }
    const why = explainScalar(schema, value, at);
    if (why !== null) return why;
    if (Array.isArray(value)) {
      if (value.length < leastItems(schema)) return `${at} has too few items`;
      if (value.length > mostItems(schema)) return `${at} has too many items`;
      if (!isObject(schema['items'])) return null;
      for (const [index, item] of value.entries()) {
        const reason = explain(schema['items'], item, `${at}[${String(index)}]`);
        if (reason !== null) return reason;
      }
      return null;
    }
    return isObject(value) ? explainObject(schema, value, at) : null;
  };

  const drawObject = (schema: JsonSchema, random: Random, depth: number): unknown => {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
    const required = new Set((schema['required'] ?? []) as string[]);
    const entries = Object.entries(properties)
      .filter(([name]) => required.has(name) || random(2) === 0)
      .map(([name, member]) => [name, draw(member, random, depth + 1)] as const);
    const additional = schema['additionalProperties'];
    if (isObject(additional)) entries.push(['id', draw(additional, random, depth + 1)]);
    return Object.fromEntries(entries);
  };

  const draw = (given: JsonSchema, random: Random, depth = 0): unknown => {
    const schema = resolve(given);
    const options = listOf(schema['anyOf'] ?? schema['oneOf']);
    if (options.length > 0) return draw(options[random(options.length)] ?? {}, random, depth);
    if ('const' in schema) return schema['const'];
    if (Array.isArray(schema['enum'])) return schema['enum'][random(schema['enum'].length)];
    const types = [schema['type'] ?? ['string', 'boolean', 'null'][random(3)]].flat();
    switch (types[0] as string) {
      case 'object':
        return drawObject(schema, random, depth);
      case 'array':
        return Array.from({ length: drawLength(schema, random) }, () =>
          draw((schema['items'] ?? {}) as JsonSchema, random, depth + 1),
        );
      case 'integer':
      case 'number':
        return [Number(schema['minimum'] ?? 0), 1, 2, Number(schema['maximum'] ?? 2 ** 53 - 1)][
          random(4)
        ];
      case 'boolean':
        return random(2) === 0;
      case 'null':
        return null;
      default: {
        const { pattern } = schema as { readonly pattern?: string };
        if (pattern === undefined) return WORDS[random(WORDS.length)];
        const example = examples[pattern];
        assert(example !== undefined, `an example for ${pattern} is known`);
        return example(random);
      }
    }
  };

  return { explain: (schema, value) => explain(schema, value, 'body'), draw };
}

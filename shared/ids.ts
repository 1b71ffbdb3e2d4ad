/**
 * Every id that crosses a boundary: how it is recognised. Ids are compared as text, never parsed further,
 * never trimmed and never normalised.
 */
import type { Brand } from './brand.ts';

/** A lower-case dashed UUID of any version. */
export type Uuid = Brand<string, 'Uuid'>;

/** One local runtime as sync sees it: 1-256 bytes of visible ASCII, opaque. */
export type SourceId = Brand<string, 'SourceId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SOURCE_ID = /^[\u0021-\u007E]{1,256}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export const isUuid = (text: unknown): text is Uuid => typeof text === 'string' && UUID.test(text);

export const isSourceId = (text: unknown): text is SourceId =>
  typeof text === 'string' && SOURCE_ID.test(text);

/** The form of both hashes of the wire. */
export const isSha256 = (text: unknown): text is string =>
  typeof text === 'string' && SHA256.test(text);

/** Ids are compared as text: never parsed further, never trimmed, never normalised. */
import type { Brand } from './brand.ts';

/** One local runtime as sync sees it: 1-256 bytes of visible ASCII, opaque. */
export type SourceId = Brand<string, 'SourceId'>;

const SOURCE_ID = /^[\u0021-\u007E]{1,256}$/;

export const isSourceId = (text: unknown): text is SourceId =>
  typeof text === 'string' && SOURCE_ID.test(text);

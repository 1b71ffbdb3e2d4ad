/**
 * E7: bundles as a client of another schema version knows them (protocol.md §13.8). Stored rows are sent
 * as they are wherever that is right, which is always while there is only one version; otherwise tables
 * and columns that are too new are left out, older history gets the constant defaults, and row numbers,
 * count and hash are made anew for the rows as sent.
 */
import { assert } from '../../shared/assert.ts';
import type { SyncContext } from './context.ts';
import type { Tx } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import type { CommittedTuple } from './sources.ts';
import { CATALOG_OF_ROW, keyJsonSql } from './render.ts';

/** The rows of a bundle for the hash, from row `r` and catalogue row `c` (protocol.md §3.6). */
const HASHED_ROW = `concat('{"key":', ${keyJsonSql('c', 'r.key')}, ',"op":"', r.op, '","payload":',
  coalesce(r.payload, 'null'), ',"row_ordinal":"', r.ordinal, '","row_version":"', r.bundle_seq,
  '","schema":"', c.schema_name, '","table":"', c.table_name, '"}')`;

export const BUNDLE_HASH: string = `encode(sha256(convert_to('[' || coalesce(string_agg(${HASHED_ROW}, ','
  order by r.ordinal), '') || ']', 'UTF8')), 'hex')`;

/** Stored rows of the scope in $1, or the same rendered for the version that `version` names. */
export const bundleRowsSql = (where: string, version: string | null): string =>
  version === null
    ? `select r.bundle_seq, r.ordinal, r.table_no, r.key, r.op, r.payload from sync.bundle_row r
       where r.scope_id = $1::uuid and ${where}`
    : `select r.bundle_seq, (row_number() over (partition by r.bundle_seq order by r.ordinal)) - 1 as ordinal,
         r.table_no, r.key, r.op, sync.render_payload(r.payload, r.table_no, ${version}) as payload
       from sync.bundle_row r join sync.table_catalog v on v.table_no = r.table_no and v.since_version <= ${version}
       where r.scope_id = $1::uuid and ${where}`;

const HAS_OTHER_VERSIONS = `select exists (select from sync.bundle where scope_id = $1::uuid
  and bundle_seq > $2::bigint and bundle_seq <= $3::bigint and schema_version <> $4::int) as has_others`;

/** The version to render for, or null when the stored rows are right as they are. */
export async function versionToRender(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  wanted: number,
  afterSeq: number,
  ceilingSeq: number,
): Promise<number | null> {
  if (context.registry.hasOneVersion) return null;
  const [row] = await tx.query(HAS_OTHER_VERSIONS, [scopeId, afterSeq, ceilingSeq, wanted]);
  return row?.['has_others'] === true ? wanted : null;
}

export interface RenderedFacts {
  readonly rowCount: number;
  readonly bundleHash: string;
}

const READ_FACTS = `select count(*) as row_count, ${BUNDLE_HASH} as hash
  from (${bundleRowsSql('r.bundle_seq = $2::bigint', '$3::int')}) r ${CATALOG_OF_ROW}`;

export async function readRenderedFacts(
  tx: Tx,
  scopeId: string,
  bundleSeq: number,
  version: number,
): Promise<RenderedFacts> {
  const [row] = await tx.query(READ_FACTS, [scopeId, bundleSeq, version]);
  assert(row !== undefined, 'an aggregate has one row');
  return { rowCount: numberOf(row, 'row_count'), bundleHash: textOf(row, 'hash') };
}

/** The numbers of a committed bundle as its answers to this client say them. */
export async function renderTuple(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  wanted: number,
  tuple: CommittedTuple,
): Promise<CommittedTuple> {
  const { bundle_seq: seq } = tuple;
  const version = await versionToRender(context, tx, scopeId, wanted, seq - 1, seq);
  if (version === null) return tuple;
  const facts = await readRenderedFacts(tx, scopeId, seq, version);
  return { ...tuple, row_count: facts.rowCount, bundle_hash: facts.bundleHash };
}

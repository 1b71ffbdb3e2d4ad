/**
 * The one door for server-side writers (protocol.md §10.6): imports, jobs, admin tools. Whatever `work`
 * writes to synced tables of the scope becomes one bundle of the source `server:<writer>`, with the same
 * queue, lock, capture and wake-ups as a push. `work` may run up to three times, so it must have no effect
 * but through its transaction.
 *
 * With `operationId` a receipt makes it idempotent: the same id with the same command answers with the
 * first result, with another command it is an error.
 */
import { assert } from '../../shared/assert.ts';
import { hashCanonicalRows } from '../../shared/protocol/bundle-hash.ts';
import { canonicalJson } from '../../shared/protocol/canonical-json.ts';
import type { BundleNote } from '../../shared/protocol/shapes.ts';
import { scopeIdOf } from './caller.ts';
import { type Committed, announce } from './commit.ts';
import { OPEN_CONTEXT, readFacts } from './commit-statements.ts';
import { INITIALIZE } from './connect.ts';
import type { SyncContext } from './context.ts';
import type { SqlRecord, Tx } from './ports.ts';
import { numberOrNull, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { lockOrCreateScope } from './scope.ts';
import { readSource } from './sources.ts';

export interface ServerWrite {
  readonly userId: string;
  /** `[a-z0-9-]+`: names the job, not a person. */
  readonly writer: string;
  readonly actor?: string;
  readonly operation?: { readonly operationId: string; readonly command: unknown };
  readonly note?: BundleNote;
}

export interface ServerWriteResult<T> {
  /** Null when this operation was done before; its bundle is named all the same. */
  readonly value: T | null;
  /** Null when nothing was changed. */
  readonly bundleSeq: number | null;
}

export type WriteServerBundle<T> = (tx: Tx, scopeId: string) => Promise<T>;

interface Written<T> {
  readonly result: ServerWriteResult<T>;
  readonly committed: Committed | null;
}

const READ_RECEIPT = `select command_hash, bundle_seq from sync.write_receipt
  where scope_id = $1::uuid and operation_id = $2::uuid`;
const INSERT_RECEIPT = `insert into sync.write_receipt (scope_id, operation_id, command_hash, bundle_seq, created_at_ms)
  values ($1::uuid, $2::uuid, $3, $4::bigint, $5::bigint)`;
const FINISH = `select outcome, row_count, byte_count, bundle_hash from sync.finish_bundle(
  $1::uuid, $2::bigint, $3, $4::bigint, null, $5, $6, $7::bigint, $8::bigint, $9::bigint, $10::integer)`;

export async function writeServerBundle<T>(
  context: SyncContext,
  write: ServerWrite,
  work: WriteServerBundle<T>,
): Promise<ServerWriteResult<T>> {
  assert(/^[a-z0-9-]+$/.test(write.writer), 'a server-side writer has a plain name');
  const scopeId = scopeIdOf(write.userId);
  return context.queue.run(scopeId, async () => {
    const { result, committed } = await context.database.transaction(
      { isolation: 'read-committed', readOnly: false, scopeId },
      (tx) => writeOnce(context, tx, scopeId, write, work),
    );
    if (committed !== null) announce(context, scopeId, committed);
    return result;
  });
}

async function writeOnce<T>(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  write: ServerWrite,
  work: WriteServerBundle<T>,
): Promise<Written<T>> {
  const nowMs = context.clock.nowMs();
  const sourceId = `server:${write.writer}`;
  const scope = await lockOrCreateScope(tx, scopeId, nowMs);
  const commandHash = hashCanonicalRows([canonicalJson(write.operation?.command ?? null)]).hash;
  if (write.operation !== undefined) {
    const [receipt] = await tx.query(READ_RECEIPT, [scopeId, write.operation.operationId]);
    if (receipt !== undefined)
      return { result: readReceipt<T>(receipt, commandHash), committed: null };
  }
  if (scope.state === 'INITIALIZING')
    refuse('scope_initializing', 'a device is bringing the first data');
  if (scope.state === 'UNINITIALIZED') await tx.query(INITIALIZE, [scopeId, sourceId, nowMs]);
  const source = await readSource(tx, scopeId, sourceId);
  const sourceBundleId = (source?.lastSourceBundleId ?? 0) + 1;
  await tx.query(OPEN_CONTEXT, [scopeId, sourceId, sourceBundleId, write.actor ?? null, null]);
  const value = await work(tx, scopeId);
  const { push } = context.limits;
  const [finished] = await tx.query(FINISH, [
    scopeId,
    scope.nextBundleSeq,
    sourceId,
    sourceBundleId,
    commandHash,
    write.note === undefined ? null : canonicalJson(write.note),
    nowMs,
    push.bundleEffectsMax,
    push.rowBytesMax,
    context.registry.schemaVersion,
  ]);
  assert(finished !== undefined, 'a function with one result has one row');
  const facts = readFacts(context, finished);
  const committed =
    facts === null
      ? null
      : {
          tuple: {
            bundle_seq: scope.nextBundleSeq,
            source_id: sourceId,
            source_bundle_id: sourceBundleId,
            row_count: facts.rowCount,
            bundle_hash: facts.bundleHash,
            canonical_request_hash: commandHash,
          },
          byteCount: facts.byteCount,
        };
  const bundleSeq = committed?.tuple.bundle_seq ?? null;
  if (write.operation !== undefined) {
    await tx.query(INSERT_RECEIPT, [
      scopeId,
      write.operation.operationId,
      commandHash,
      bundleSeq,
      nowMs,
    ]);
  }
  return { result: { value, bundleSeq }, committed };
}

function readReceipt<T>(receipt: SqlRecord, commandHash: string): ServerWriteResult<T> {
  assert(
    textOf(receipt, 'command_hash') === commandHash,
    'an operation id is never used for a second, different command',
  );
  return { value: null, bundleSeq: numberOrNull(receipt, 'bundle_seq') };
}

/**
 * Reading the own committed bundle back (`protocol.md` §5.7, §11.7 step 5): every page agrees with what the
 * commit said, and the rows hash to the committed hash, before a single row is replayed.
 */
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import {
  committedRowsPath,
  committedRowsResponse,
} from '../../shared/protocol/committed-bundle.ts';
import type { CommittedRowsResponse } from '../../shared/protocol/committed-bundle.ts';
import type { BundleRow } from '../../shared/protocol/shapes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { send, unexpected } from './calls.ts';
import { wait } from './context.ts';
import type { Context } from './context.ts';
import { decodeRows } from './decode.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import type { CommittedOwn } from './replay.ts';
import { readOutbox } from './state.ts';
import type { OutboxHeader } from './state.ts';

const PAGE_ROWS = 1000;
const PAGES_MAX = 100_000;
/** A replica may not have it yet: 75 ms doubling to 600 ms. */
const NOT_FOUND_TRIES_MAX = 6;
const NOT_FOUND_FIRST_MS = 75;
const NOT_FOUND_MOST_MS = 600;

type Page = CommittedRowsResponse | 'pruned' | 'not-found' | 'elsewhere';

async function fetchPage(
  context: Context,
  outbox: OutboxHeader,
  after: number | null,
): Promise<Result<Page, SyncFailure>> {
  const answer = await send(
    context,
    {
      operation: 'committed-rows',
      method: 'GET',
      path: committedRowsPath(outbox.remoteBundleSeq),
      query: {
        ...(after === null ? {} : { after_row_ordinal: String(after) }),
        max_rows: String(PAGE_ROWS),
      },
    },
    committedRowsResponse,
  );
  if (answer.ok) return answer;
  if (answer.error.type !== 'refused') return err(answer.error);
  if (answer.error.code === 'history_pruned') return ok('pruned');
  if (answer.error.code === 'server_epoch_changed') return ok('elsewhere');
  if (answer.error.code === 'committed_bundle_not_found') return ok('not-found');
  return err(unexpected('committed-rows', answer.error));
}

function pageFault(
  outbox: OutboxHeader,
  page: CommittedRowsResponse,
  before: number,
): string | null {
  if (
    page.bundle_seq !== outbox.remoteBundleSeq ||
    page.source_id !== outbox.sourceId ||
    page.source_bundle_id !== outbox.sourceBundleId ||
    page.bundle_hash !== outbox.remoteBundleHash
  )
    return 'committed-rows-differ';
  if (page.rows.length === 0 && page.has_more) return 'empty-page';
  const last = before + page.rows.length - 1;
  if (page.rows.length > 0 && page.next_row_ordinal !== last) return 'ordinal-differs';
  return null;
}

/**
 * All rows of the outbox's committed bundle; `pruned` when the server no longer has them, `unknown` when it
 * does not know the bundle at all.
 */
export async function fetchCommitted(
  context: Context,
): Promise<Result<CommittedOwn | 'pruned' | 'unknown', SyncFailure>> {
  const outbox = readOutbox(context.sql);
  const rows: BundleRow[] = [];
  let misses = 0;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await fetchPage(context, outbox, rows.length === 0 ? null : rows.length - 1);
    if (!page.ok) return page;
    if (page.value === 'pruned') return ok('pruned');
    if (page.value === 'elsewhere') return ok('unknown');
    if (page.value === 'not-found') {
      misses += 1;
      if (misses >= NOT_FOUND_TRIES_MAX) return ok('unknown');
      await wait(context, Math.min(NOT_FOUND_MOST_MS, NOT_FOUND_FIRST_MS * 2 ** (misses - 1)));
      continue;
    }
    // Another content was committed under our tuple: only a rebuild can tell what is true.
    if (page.value.canonical_request_hash !== outbox.requestHash) return ok('pruned');
    const fault = pageFault(outbox, page.value, rows.length);
    if (fault !== null) return err(protocolFailure(fault, 'push'));
    rows.push(...page.value.rows);
    if (page.value.has_more) continue;
    if (rows.length !== page.value.row_count)
      return err(protocolFailure('row-count-differs', 'push'));
    if (bundleHash(rows).hash !== outbox.remoteBundleHash)
      return err(protocolFailure('bundle-hash-differs', 'push'));
    const decoded = decodeRows(context.catalog, rows);
    return decoded.ok ? ok({ bundleSeq: outbox.remoteBundleSeq, rows: decoded.value }) : decoded;
  }
  return err(protocolFailure('endless-bundle', 'push'));
}

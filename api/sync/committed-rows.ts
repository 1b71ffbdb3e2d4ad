/**
 * One committed bundle read back page by page (protocol.md §5.7). Row ordinals start at 0. Any source of
 * the household may read any bundle; the page is held to a number of rows and of bytes, at least one row.
 */
import { BUNDLE_ROW } from './bundles.ts';
import type { Caller } from './caller.ts';
import { type SyncContext, versionOf } from './context.ts';
import { isInGap } from './epoch.ts';
import type { JsonText } from './ports.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';
import { CATALOG_OF_ROW } from './render.ts';
import { bundleRowsSql, readRenderedFacts, versionToRender } from './rendering.ts';
import { readScope } from './scope.ts';

export interface CommittedRowsRequest {
  readonly bundleSeq: number;
  /** Null begins at row 0. */
  readonly afterRowOrdinal: number | null;
  readonly rowsMax: number;
  readonly withNotes: boolean;
}

const READ_HEADER = `select source_id, source_bundle_id, row_count, bundle_hash, request_hash, note
  from sync.bundle where scope_id = $1::uuid and bundle_seq = $2::bigint`;

const readRowsSql = (version: string | null): string => `
  with candidate as (
    select r.ordinal, ${BUNDLE_ROW} as body
    from (${bundleRowsSql('r.bundle_seq = $2::bigint', version)}) r ${CATALOG_OF_ROW}
    where r.ordinal > $3::bigint
    order by r.ordinal limit $4::int
  ), measured as (
    select ordinal, body, sum(octet_length(body)) over (order by ordinal) as running,
      row_number() over (order by ordinal) as place
    from candidate
  )
  select max(ordinal) as last, coalesce(string_agg(body, ',' order by ordinal), '') as rows
  from measured where running <= $5::bigint or place = 1`;

const READ_ROWS = readRowsSql(null);
const READ_RENDERED_ROWS = readRowsSql('$6::int');

export async function committedRows(
  context: SyncContext,
  caller: Caller,
  request: CommittedRowsRequest,
): Promise<JsonText> {
  const { bundleSeq, afterRowOrdinal } = request;
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId, plans: 'kept' },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      if (
        bundleSeq <= scope.retainedBundleFloor ||
        (await isInGap(tx, caller.scopeId, scope, bundleSeq))
      ) {
        context.counters.historyPruned += 1;
        refuse('history_pruned', 'the history of this bundle is gone');
      }
      const [header] = await tx.query(READ_HEADER, [caller.scopeId, bundleSeq]);
      if (header === undefined)
        refuse('committed_bundle_not_found', 'there is no such committed bundle');
      const version = await versionToRender(
        context,
        tx,
        caller.scopeId,
        versionOf(context, caller),
        bundleSeq - 1,
        bundleSeq,
      );
      const facts =
        version === null
          ? { rowCount: numberOf(header, 'row_count'), bundleHash: textOf(header, 'bundle_hash') }
          : await readRenderedFacts(tx, caller.scopeId, bundleSeq, version);
      const [page] = await tx.query(version === null ? READ_ROWS : READ_RENDERED_ROWS, [
        caller.scopeId,
        bundleSeq,
        afterRowOrdinal ?? -1,
        Math.min(request.rowsMax, context.limits.committedRows.rowsMax),
        context.limits.committedRows.pageBytesMax,
        ...(version === null ? [] : [version]),
      ]);
      const { rowCount } = facts;
      const last = page === undefined ? null : numberOrNull(page, 'last');
      const note = request.withNotes ? textOrNull(header, 'note') : null;
      const head = JSON.stringify({
        bundle_seq: bundleSeq,
        source_id: textOf(header, 'source_id'),
        source_bundle_id: numberOf(header, 'source_bundle_id'),
        row_count: rowCount,
        bundle_hash: facts.bundleHash,
        canonical_request_hash: textOf(header, 'request_hash'),
        next_row_ordinal: last ?? afterRowOrdinal ?? 0,
        has_more: last !== null && last < rowCount - 1,
      });
      const rows = page === undefined ? '' : textOf(page, 'rows');
      return {
        json: `${head.slice(0, -1)}${note === null ? '' : `,"note":${note}`},"rows":[${rows}]}`,
      };
    },
  );
}

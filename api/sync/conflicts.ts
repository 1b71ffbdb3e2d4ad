/**
 * The conflict rules (protocol.md §5.5), decided for all staged rows by one query against row state. One
 * conflict rejects the whole bundle; the answer names the first in push order, and all of them to a
 * client that asked.
 */
import { assert } from '../../shared/assert.ts';
import { utf8Length } from '../../shared/bytes.ts';
import type { Conflict } from '../../shared/protocol/errors.ts';
import type { WireOp } from '../../shared/protocol/shapes.ts';
import type { Caller } from './caller.ts';
import { type SyncContext, versionOf } from './context.ts';
import type { Tx } from './ports.ts';
import { flagOf, numberOf, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';
import { imageSql } from './render.ts';

/**
 * op      | no row state                  | live at v | deleted at v
 * INSERT  | base = 0 or base <= floor     | never     | base = v
 * UPDATE  | never                         | base = v  | never
 * DELETE  | never                         | base = v  | never
 */
const FIND = `
  select r.ordinal, r.table_no, r.key_text, r.op, r.base_row_version, s.row_version, coalesce(s.deleted, false) as deleted
  from sync.push_session_row r
  left join sync.row_state s on s.scope_id = r.scope_id and s.table_no = r.table_no and s.key = r.key
  where r.scope_id = $1::uuid and r.push_id = $2::uuid and not coalesce(
    case
      when s.row_version is null then r.op = 'INSERT' and r.base_row_version <= $3::bigint
      when s.deleted then r.op = 'INSERT' and r.base_row_version = s.row_version
      else r.op <> 'INSERT' and r.base_row_version = s.row_version
    end, false)
  order by r.ordinal`;

async function readImages(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  pushId: string,
  ordinals: readonly number[],
  tableNos: ReadonlySet<number>,
): Promise<ReadonlyMap<number, string>> {
  const tables = context.registry
    .tablesAt(versionOf(context, caller))
    .filter((table) => tableNos.has(table.tableNo));
  const rows = await tx.query(
    `select r.ordinal, ${imageSql(tables, 'r', '$1::uuid')} as payload from sync.push_session_row r
     where r.scope_id = $1::uuid and r.push_id = $2::uuid
       and r.ordinal in (select e::int from jsonb_array_elements_text($3::text::jsonb) e)`,
    [caller.scopeId, pushId, JSON.stringify(ordinals)],
  );
  return new Map(rows.map((row) => [numberOf(row, 'ordinal'), textOf(row, 'payload')]));
}

/** Entries from the first on, as many as the extension's bounds allow and at least one. */
function boundEntries(entries: readonly Conflict[], bytesMax: number): readonly Conflict[] {
  let bytes = 0;
  const kept = entries.findIndex((entry) => {
    bytes += utf8Length(JSON.stringify(entry));
    return bytes > bytesMax;
  });
  return kept === -1 ? entries : entries.slice(0, Math.max(1, kept));
}

/** Describes the conflicts that `sync.commit_push` found by the same rule. Never returns. */
export async function refuseConflicts(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  pushId: string,
  retainedBundleFloor: number,
): Promise<never> {
  const found = await tx.query(FIND, [caller.scopeId, pushId, retainedBundleFloor]);
  assert(found.length > 0, 'only called when the commit found a conflict');
  const isAsked = caller.extensions.has('all_conflicts');
  const listed = found.slice(0, isAsked ? context.limits.conflicts.entriesMax : 1);
  const live = listed.filter(
    (row) => textOrNull(row, 'row_version') !== null && !flagOf(row, 'deleted'),
  );
  const images = await readImages(
    context,
    tx,
    caller,
    pushId,
    live.map((row) => numberOf(row, 'ordinal')),
    new Set(live.map((row) => numberOf(row, 'table_no'))),
  );
  const entries = listed.map((row): Conflict => {
    const table = context.registry.get(numberOf(row, 'table_no'));
    const version = textOrNull(row, 'row_version');
    const image = images.get(numberOf(row, 'ordinal'));
    return {
      schema: table.schema,
      table: table.table,
      key: { [table.key]: textOf(row, 'key_text') },
      op: textOf(row, 'op') as WireOp,
      base_row_version: numberOf(row, 'base_row_version'),
      server_row_version: version === null ? 0 : Number(version),
      server_row_deleted: flagOf(row, 'deleted'),
      server_row: image === undefined ? null : (JSON.parse(image) as Record<string, unknown>),
    };
  });
  const [first] = entries;
  const withOrdinals = entries.map((entry, index) => ({
    row_ordinal: numberOf(listed[index] ?? {}, 'ordinal'),
    ...entry,
  }));
  return refuse('push_conflict', `${String(found.length)} rows were based on another version`, {
    conflict: first,
    ...(isAsked
      ? {
          conflicts: boundEntries(withOrdinals, context.limits.conflicts.bytesMax),
          conflict_total: found.length,
        }
      : {}),
  });
}

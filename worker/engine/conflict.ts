/**
 * A push that the server refused because of rows (`protocol.md` §11.10, §13.4). The bundle returns to the
 * dirty set whole; all named rows are then judged together and each meets the server's row by the same
 * rules as a pulled one, or is held as rejected. Afterwards a fresh freeze goes out under the same source_bundle_id. One transaction per
 * round, so a crash repeats the round with the same result.
 */
import type { Conflict, ErrorBody, Rejection } from '../../shared/protocol/errors.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying } from './applying.ts';
import { apply } from './context.ts';
import type { Context } from './context.ts';
import { decodeKey, decodePayload } from './decode.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { findIntent, hold, rowKey } from './intents.ts';
import { returnOutbox } from './outbox.ts';
import { meetIntent } from './rebase.ts';
import { endApplying, planResolutions } from './resolutions.ts';
import type { ServerRow } from './resolutions.ts';

function decodeConflict(context: Context, conflict: Conflict): Result<ServerRow, SyncFailure> {
  const key = decodeKey(context.catalog, conflict);
  if (!key.ok) return key;
  const { table, id } = key.value;
  const version = conflict.server_row_version;
  if (conflict.server_row_deleted || conflict.server_row === null)
    return ok({ table, id, version, row: null });
  const row = decodePayload(table, id, conflict.server_row);
  return row.ok ? ok({ table, id, version, row: row.value }) : row;
}

export const conflictsOf = (body: ErrorBody | null): readonly Conflict[] =>
  body?.conflicts ?? (body?.conflict === undefined ? [] : [body.conflict]);

/** Settles every conflict that the answer lists; returns how many. */
export function settleConflicts(
  context: Context,
  listed: readonly Conflict[],
): Result<number, SyncFailure> {
  if (listed.length === 0) return err(protocolFailure('conflict-missing', 'push'));
  const servers: ServerRow[] = [];
  for (const conflict of listed) {
    const server = decodeConflict(context, conflict);
    if (!server.ok) return server;
    const { table, id } = server.value;
    const [, tableName, keyJson] = rowKey(context.catalog, table, id);
    const pushed = context.sql.all(
      'select 1 as found from _sync_outbox_rows where table_name = ?1 and wire_key_json = ?2',
      [tableName, keyJson],
    );
    if (pushed.length === 0) return err(protocolFailure('conflict-unknown-row', 'push'));
    servers.push(server.value);
  }
  return apply(context, (sql) => {
    returnOutbox(context, sql);
    const applying = beginApplying(context, sql);
    planResolutions(applying, servers);
    for (const server of servers) {
      const intent = findIntent(
        sql,
        context.catalog,
        rowKey(context.catalog, server.table, server.id),
      );
      // Settling one row may have withdrawn another one together with it.
      if (intent !== null) meetIntent(applying, server, intent);
    }
    endApplying(applying);
    return servers.length;
  });
}

/**
 * The quarantine: each culprit is held with its reason, which keeps its group out of the next freeze. When
 * no row can be named, everything that was pushed is held until something changes.
 */
export function quarantine(
  context: Context,
  rejections: readonly Rejection[],
): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    const pushed = sql.all('select schema_name, table_name, key_json from _sync_outbox_rows');
    returnOutbox(context, sql);
    const named = rejections.flatMap((rejection) => {
      if (rejection.key === null || rejection.row_ordinal === null) return [];
      const key = decodeKey(context.catalog, { ...rejection, key: rejection.key });
      if (!key.ok) return [];
      const id = rowKey(context.catalog, key.value.table, key.value.id);
      return findIntent(sql, context.catalog, id) === null ? [] : [{ id, rejection }];
    });
    for (const { id, rejection } of named) hold(sql, id, 'rejected', { ...rejection });
    if (named.length > 0) return;
    for (const row of pushed)
      hold(
        sql,
        [String(row['schema_name']), String(row['table_name']), String(row['key_json'])],
        'rejected',
        { ...rejections[0] },
      );
  });
}

export const rejectionsOf = (body: ErrorBody | null): readonly Rejection[] =>
  body?.rejections ?? (body?.rejection === undefined ? [] : [body.rejection]);

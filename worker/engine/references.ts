/**
 * Foreign keys where remote news and local intents meet (`protocol.md` §11.11, B32). SQLite's own actions
 * would take pending work away without a trace; here it is put aside first, and references that the local
 * database cannot keep are settled before the transaction ends, so that its deferred check always passes:
 * - a remote removal cascades to a row with an intent: the row goes, its intent stays, held as orphaned;
 * - it blanks a reference of a row with an intent: the intent's image follows;
 * - a remote row refers to what this device removed but has not pushed yet: it shares that removal's fate,
 *   as if it had been here when the person removed the parent.
 */
import type { Applying } from './applying.ts';
import {
  childIds,
  deleteRow,
  findRow,
  getTable,
  hasRow,
  rowFromLocalJson,
  writeRow,
} from './catalog.ts';
import type { SyncedTable } from './catalog.ts';
import {
  dropIntent,
  findIntent,
  findRowState,
  hold,
  intentFromRow,
  release,
  rowKey,
  setIntent,
} from './intents.ts';
import type { RowKey } from './intents.ts';
import { numberOf, textOf } from './state.ts';

/** The cascade of one removal, children first, before SQLite runs it. */
function putDescendantsAside(
  applying: Applying,
  table: SyncedTable,
  id: string,
  seen: Set<string>,
): void {
  const { sql, catalog } = applying;
  for (const back of table.referencedBy) {
    const child = getTable(catalog, back.child);
    for (const childId of childIds(sql, child, back.column, id)) {
      const key = rowKey(catalog, child, childId);
      if (back.onDelete === 'set null') {
        const intent = findIntent(sql, catalog, key);
        if (intent !== null && intent.payload !== null)
          setIntent(sql, child, key, intent.base, { ...intent.payload, [back.column]: null });
        continue;
      }
      const mark = `${child.name} ${childId}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      putDescendantsAside(applying, child, childId, seen);
      const intent = findIntent(sql, catalog, key);
      if (intent !== null && intent.payload !== null)
        hold(sql, key, 'orphaned', { parent_table: table.name, parent_id: id });
      applying.written.delete(mark);
    }
  }
}

/** Removes a row that the server no longer has; nothing pending goes with it. */
export function removeWithDescendants(applying: Applying, table: SyncedTable, id: string): void {
  if (!hasRow(applying.sql, table, id)) return;
  putDescendantsAside(applying, table, id, new Set());
  deleteRow(applying.sql, table, id);
}

/** What was made under a row that the server never had, and never had itself, goes with it. */
export function dropUnsentDescendants(
  applying: Applying,
  table: SyncedTable,
  id: string,
  seen: Set<string> = new Set(),
): void {
  const { sql, catalog } = applying;
  for (const { child: name, column, onDelete } of table.referencedBy) {
    if (onDelete === 'set null') continue;
    const child = getTable(catalog, name);
    for (const childId of childIds(sql, child, column, id)) {
      const mark = `${name} ${childId}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      dropUnsentDescendants(applying, child, childId, seen);
      const key = rowKey(catalog, child, childId);
      if (findRowState(sql, key) === null) dropIntent(sql, key);
    }
  }
}

/** The row behind a base image comes back, and so does what its removal had taken along. */
export function withdrawDelete(applying: Applying, table: SyncedTable, id: string): void {
  const { sql, catalog } = applying;
  for (const back of table.referencedBy) {
    const child = getTable(catalog, back.child);
    const rows = sql.all(
      `select b.key_json, b.payload as image, d.table_name, d.base_row_version, d.payload, d.dirty_ordinal
       from _sync_x_base b join _sync_dirty_rows d using (schema_name, table_name, key_json)
       where b.schema_name = ?1 and b.table_name = ?2 and json_extract(b.payload, '$.${back.column}') = ?3
         and d.base_row_version = b.row_version
       order by d.dirty_ordinal`,
      [catalog.schemaName, child.name, id],
    );
    for (const row of rows) {
      const intent = intentFromRow(sql, catalog, row);
      const image = row['image'];
      if (typeof image !== 'string') continue;
      const key = rowKey(catalog, child, intent.id);
      const before = rowFromLocalJson(sql, child, image);
      if (intent.payload === null && back.onDelete === 'cascade') {
        dropIntent(sql, key);
        writeRow(sql, child, before);
        applying.written.set(`${child.name} ${intent.id}`, { table: child, id: intent.id });
        withdrawDelete(applying, child, intent.id);
      } else if (intent.payload !== null && intent.payload[back.column] === null) {
        const restored = { ...intent.payload, [back.column]: id };
        writeRow(sql, child, restored);
        setIntent(sql, child, key, intent.base, restored);
      }
    }
  }
}

/** This device removed the row and the server may not know it yet. */
function isRemovedHere(applying: Applying, table: SyncedTable, id: string): boolean {
  const { sql, catalog } = applying;
  const key = rowKey(catalog, table, id);
  const intent = findIntent(sql, catalog, key);
  if (intent !== null) return intent.payload === null;
  const frozen = `select 1 as found from _sync_outbox_rows
    where schema_name = ?1 and table_name = ?2 and key_json = ?3 and op = 'DELETE'`;
  return sql.all(frozen, key).length > 0;
}

/** Lets the capture triggers see one statement, as part of the local transaction that removed the parent. */
function captured(applying: Applying, parentKey: RowKey, work: () => void): void {
  const { sql } = applying;
  const [meta] = sql.all('select local_tx from _sync_x_meta');
  const [tx] = sql.all(
    'select tx from _sync_x_local_tx where schema_name = ?1 and table_name = ?2 and key_json = ?3',
    parentKey,
  );
  if (tx !== undefined) sql.run('update _sync_x_meta set local_tx = ?1', [numberOf(tx, 'tx')]);
  sql.run('update _sync_apply_state set apply_mode = 0');
  work();
  sql.run('update _sync_apply_state set apply_mode = 1');
  sql.run('update _sync_x_meta set local_tx = ?1', [
    meta === undefined ? 0 : numberOf(meta, 'local_tx'),
  ]);
}

/** One reference of a row written in this transaction whose target is not here. */
function settleMissing(
  applying: Applying,
  table: SyncedTable,
  id: string,
  reference: SyncedTable['references'][number],
  parentId: string,
): void {
  const { sql, catalog } = applying;
  const parent = getTable(catalog, reference.parent);
  const key = rowKey(catalog, table, id);
  const intent = findIntent(sql, catalog, key);
  if (intent !== null && intent.payload !== null) {
    if (reference.onDelete === 'set null') {
      const blanked = { ...intent.payload, [reference.column]: null };
      writeRow(sql, table, blanked);
      setIntent(sql, table, key, intent.base, blanked);
    } else {
      hold(sql, key, 'orphaned', { parent_table: parent.name, parent_id: parentId });
      putDescendantsAside(applying, table, id, new Set());
      deleteRow(sql, table, id);
    }
    return;
  }
  if (!isRemovedHere(applying, parent, parentId)) return;
  captured(applying, rowKey(catalog, parent, parentId), () => {
    if (reference.onDelete === 'cascade') deleteRow(sql, table, id);
    else
      sql.run(
        `update "${table.name}" set "${reference.column}" = null where "${table.declared.key}" = ?1`,
        [id],
      );
  });
}

/** Orphans whose parent is here again (somebody restored it) take their place. */
function readmitOrphans(applying: Applying): void {
  const { sql, catalog } = applying;
  const rows = sql.all(
    `select d.table_name, d.key_json, d.base_row_version, d.payload, d.dirty_ordinal
     from _sync_x_held h join _sync_dirty_rows d using (schema_name, table_name, key_json)
     where h.reason = 'orphaned' and d.payload is not null order by d.dirty_ordinal`,
  );
  for (const row of rows) {
    const intent = intentFromRow(sql, catalog, row);
    const { table, id, payload } = intent;
    if (payload === null || hasRow(sql, table, id)) continue;
    const hasOwners = table.references
      .filter((reference) => reference.onDelete === 'cascade')
      .every(({ column, parent }) => {
        const owner = payload[column];
        return typeof owner !== 'string' || hasRow(sql, getTable(catalog, parent), owner);
      });
    if (!hasOwners) continue;
    writeRow(sql, table, payload);
    release(sql, [catalog.schemaName, textOf(row, 'table_name'), textOf(row, 'key_json')]);
    applying.written.set(`${table.name} ${id}`, { table, id });
  }
}

/**
 * Ends an apply transaction: every row it wrote has its targets, or has been dealt with. Targets that a
 * pending removal took away may take further rows along, so this goes on until nothing is left to check.
 */
export function settleReferences(applying: Applying): void {
  const { sql, catalog } = applying;
  readmitOrphans(applying);
  for (const { table, id } of applying.written.values()) {
    for (const reference of table.references) {
      const parentId = findRow(sql, table, id)?.[reference.column];
      if (typeof parentId !== 'string') continue;
      if (hasRow(sql, getTable(catalog, reference.parent), parentId)) continue;
      settleMissing(applying, table, id, reference, parentId);
    }
  }
}

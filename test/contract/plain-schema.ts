/**
 * Two tables without any bound of their own, for tests of the service's bounds: `notes` of any length, which may
 * ask their trigger to raise an error of any state, and `echoes`, of which it writes as many and as long ones as a
 * note asks for. Handles are in an index, which takes no value of any length.
 */
import type { SyncSchema } from '../../api/db/migrate.ts';
import type { SyncTable } from '../../api/sync/registry.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { freshUuid } from './sync-server.ts';

const sql = `
  create schema plain;
  create table plain.notes (
    _sync_scope_id uuid not null default sync.current_scope(), id text collate "C" not null, body text not null default '',
    echoes integer not null default 0, echo_characters integer not null default 1,
    handle text, primary key (_sync_scope_id, id));
  create index notes_handle on plain.notes (_sync_scope_id, handle);
  create table plain.echoes (
    _sync_scope_id uuid not null default sync.current_scope(), id text collate "C" not null, body text not null,
    primary key (_sync_scope_id, id));
  create function plain.echo() returns trigger language plpgsql as $$ begin
    if new.body like 'raise _____' then
      raise exception 'a rule of the application' using errcode = substr(new.body, 7);
    end if;
    insert into plain.echoes (_sync_scope_id, id, body)
    select new._sync_scope_id, new.id || '.' || n, repeat('x', new.echo_characters) from generate_series(1, new.echoes) n;
    return null;
  end $$;
  create trigger echo after insert on plain.notes for each row execute function plain.echo();`;

const table = (
  name: string,
  serverWritten: boolean,
  columns: Readonly<Record<string, 'text' | 'integer'>>,
): SyncTable => ({
  schema: 'plain',
  table: name,
  key: 'id',
  keyType: 'text',
  serverWritten,
  columns: Object.entries(columns).map(([column, sqlType]) => ({
    name: column,
    type: sqlType === 'text' ? 'text' : 'int4',
    sqlType,
  })),
  foreignKeys: [],
  uniques: [],
});

export const plainSchema: SyncSchema & { readonly sql: string } = {
  appName: 'plain',
  schemaVersion: 1,
  tables: [
    table('notes', false, {
      id: 'text',
      body: 'text',
      echoes: 'integer',
      echo_characters: 'integer',
      handle: 'text',
    }),
    table('echoes', true, { id: 'text', body: 'text' }),
  ],
  sql,
};

export const note = (
  more: Readonly<Record<string, string>> = {},
  id: string = freshUuid(),
): PushRequestRow => ({
  schema: 'plain',
  table: 'notes',
  key: { id },
  op: 'INSERT',
  base_row_version: 0,
  payload: { id, body: '', echoes: '0', echo_characters: '1', handle: null, ...more },
});

/** Rows of the kitchen in wire form, complete and valid; a test names only what matters to it. */
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { freshUuid } from './sync-server.ts';

const AT = '2026-11-20T14:02:31.000Z';

type Payload = Readonly<Record<string, unknown>>;

export function insert(
  table: string,
  payload: Payload & { readonly id: string },
  base = 0,
): PushRequestRow {
  return {
    schema: 'larder',
    table,
    key: { id: payload.id },
    op: 'INSERT',
    base_row_version: base,
    payload,
  };
}

export function update(table: string, id: string, base: number, payload: Payload): PushRequestRow {
  return { schema: 'larder', table, key: { id }, op: 'UPDATE', base_row_version: base, payload };
}

export function remove(table: string, id: string, base: number): PushRequestRow {
  return { schema: 'larder', table, key: { id }, op: 'DELETE', base_row_version: base };
}

export const recipe = (more: Payload = {}) => ({
  id: freshUuid(),
  title: 'Soup',
  servings: '4',
  created_at: AT,
  edited_at: AT,
  ...more,
});

export const listItem = (more: Payload = {}) => ({
  id: freshUuid(),
  title: 'Milk',
  position: 'a0',
  created_at: AT,
  edited_at: AT,
  ...more,
});

export const ingredient = (recipeId: string, more: Payload = {}) => ({
  id: freshUuid(),
  recipe_id: recipeId,
  wording: '2 large onions',
  position: 'a0',
  created_at: AT,
  edited_at: AT,
  ...more,
});

export const planEntry = (more: Payload = {}) => ({
  id: freshUuid(),
  day: '2026-11-24',
  meal: 'dinner',
  title: 'Soup',
  servings: '2',
  position: 'a0',
  created_at: AT,
  edited_at: AT,
  ...more,
});

export const tag = (more: Payload = {}) => ({
  id: freshUuid(),
  name: 'Quick',
  name_key: 'quick',
  hue: '3',
  created_at: AT,
  edited_at: AT,
  ...more,
});

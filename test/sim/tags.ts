/** Tags as the smallest thing a device can write: for tests of engine and server alone. */
import { expect } from 'vitest';
import type { ModelServer } from './model-server.ts';
import { createIds, createRandom, type Device } from './world.ts';

export const NOW = '2026-11-22T10:00:00.000Z';
export const ids = createIds(createRandom(5));

export async function addTag(device: Device, name: string): Promise<string> {
  const id = ids.rowId();
  const written = await device.engine.write((sql) => {
    sql.run(
      `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, 3, ?3, ?3)`,
      [id, name, NOW],
    );
  });
  expect(written.ok).toBe(true);
  return id;
}

export const tagNames = (device: Device): unknown[] =>
  device.sql.all('select name from tags order by name').map((row) => row['name']);
export const serverNames = (server: ModelServer): unknown[] =>
  [...server.rows('tags').values()]
    .map((row) => String(row['name']))
    .toSorted((a, b) => (a < b ? -1 : 1));

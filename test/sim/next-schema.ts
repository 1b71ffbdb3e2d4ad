/**
 * The kitchen of a later version, as an update brings it: one new table, a nullable column, and a column with
 * a constant default. Tests of version skew run today's code as the old version and this as the new one.
 */
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Schema, Table } from '../../shared/schema/types.ts';

const { tags } = kitchenSchema.tables;

const menus: Table = {
  ...tags,
  columns: {
    id: tags.columns.id,
    tag_id: {
      kind: 'id',
      nullable: true,
      merge: 'ref',
      references: { table: 'tags', onDelete: 'set null' },
    },
    title: { kind: 'text', nullable: false, merge: 'newest', min: 1, max: 40 },
  },
  indexes: [],
};

export const nextSchema: Schema = {
  ...kitchenSchema,
  version: kitchenSchema.version + 1,
  tables: {
    ...kitchenSchema.tables,
    tags: {
      ...tags,
      columns: {
        ...tags.columns,
        motto: { kind: 'text', nullable: true, merge: 'newest', max: 80 },
        stars: { kind: 'count', nullable: false, merge: 'newest', min: 0, max: 5, default: 3 },
      },
    },
    menus,
  },
};

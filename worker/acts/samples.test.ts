import { expect, test } from 'vitest';
import { createLocalKitchen } from '../../test/kitchen/local-kitchen.ts';

test('[ACT-23] two devices lay out equal samples, once', () => {
  const [phone, laptop] = [createLocalKitchen(), createLocalKitchen()];
  laptop.newId();
  for (const device of [phone, laptop]) {
    device.done('samples.add', {});
    device.done('samples.add', {});
  }
  expect(laptop.dump()).toBe(phone.dump());
  expect(phone.rows('list_items')).toHaveLength(5);
  expect(phone.rows('recipes')).toHaveLength(3);
  expect(phone.rows('plan_entries')).toMatchObject([{ title: 'Tomato soup with basil' }]);
  expect(phone.rows('aisles')).toHaveLength(11);
});

test('[ACT-24] samples leave in one act with everything below them, and undo brings them back', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('samples.add', {});
  const before = kitchen.dump();
  expect(kitchen.ask('list', { storeId: null })).toMatchObject({ samples: true, openCount: 5 });
  const removed = kitchen.done('samples.remove', {});
  expect(kitchen.ask('list', { storeId: null })).toMatchObject({ samples: false, openCount: 0 });
  expect(kitchen.rows('recipe_ingredients')).toEqual([]);
  kitchen.done('act.undo', { actId: removed.actId });
  expect(kitchen.dump()).toBe(before);
});

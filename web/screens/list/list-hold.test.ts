import { expect, test } from 'vitest';

import type { ListRow, ListView } from '../../../shared/queries.ts';
import { must } from '../../../shared/assert.ts';
import { holdRow, holdRows } from './list-hold.ts';

function row(title: string, state: ListRow['state'] = 'open'): ListRow {
  return {
    key: `${title}-${state}`,
    ids: [`id-${title}`],
    title,
    productId: null,
    quantityMilli: null,
    unit: null,
    state,
    notes: [],
    meals: [],
    storeId: null,
    storeName: null,
    aisleId: null,
    addedTwice: false,
    parts: [],
    unsent: false,
    inQuestion: false,
  };
}

function view(sections: Record<string, readonly ListRow[]>, basket: readonly ListRow[]): ListView {
  return {
    sections: Object.entries(sections).map(([name, rows]) => ({
      aisleId: name,
      name,
      hue: 0,
      rows,
    })),
    later: [],
    basket,
    openCount: 0,
    basketCount: basket.length,
    samples: false,
  };
}

const titles = (shown: ListView): unknown => ({
  sections: shown.sections.map(({ name, rows }) => [
    name,
    rows.map(({ title, state }) => `${title} ${state}`),
  ]),
  basket: shown.basket.map(({ title }) => title),
});

test('[UI-25] a ticked row is shown ticked at its old place until its time is over', () => {
  const before = view({ Produce: [row('Basil'), row('Tomatoes')], Cooler: [row('Milk')] }, []);
  const held = must(holdRow(before, row('Basil'), 0), 'Basil is on the list');
  const after = view({ Produce: [row('Tomatoes')], Cooler: [row('Milk')] }, [
    row('Basil', 'basket'),
  ]);
  expect(titles(holdRows(after, [held]))).toEqual({
    sections: [
      ['Produce', ['Basil basket', 'Tomatoes open']],
      ['Cooler', ['Milk open']],
    ],
    basket: [],
  });
  expect(titles(holdRows(after, []))).toEqual({
    sections: [
      ['Produce', ['Tomatoes open']],
      ['Cooler', ['Milk open']],
    ],
    basket: ['Basil'],
  });
});

test('[UI-25] a section that emptied stays while its last row waits', () => {
  const before = view({ Produce: [row('Basil')], Cooler: [row('Milk')] }, []);
  const held = must(holdRow(before, row('Basil'), 0), 'Basil is on the list');
  const after = view({ Cooler: [row('Milk')] }, [row('Basil', 'basket')]);
  expect(titles(holdRows(after, [held]))).toEqual({
    sections: [
      ['Produce', ['Basil basket']],
      ['Cooler', ['Milk open']],
    ],
    basket: [],
  });
});

test('[UI-25] before the answer to the tick arrived the row is shown once', () => {
  const before = view({ Produce: [row('Basil'), row('Tomatoes')] }, []);
  const held = must(holdRow(before, row('Basil'), 0), 'Basil is on the list');
  expect(titles(holdRows(before, [held]))).toEqual({
    sections: [['Produce', ['Basil basket', 'Tomatoes open']]],
    basket: [],
  });
});

test('[UI-25] an un-ticked row waits in the basket', () => {
  const before = view({}, [row('Eggs', 'basket'), row('Milk', 'basket')]);
  const held = must(holdRow(before, row('Milk', 'basket'), 0), 'Milk is in the basket');
  const after = view({ Cooler: [row('Milk')] }, [row('Eggs', 'basket')]);
  expect(titles(holdRows(after, [held]))).toEqual({ sections: [], basket: ['Eggs', 'Milk'] });
});

/**
 * What conflicts leave for people, between two kitchens over the model server: asking never stops sync, both
 * show the same rows, only the device whose change came second asks, and nothing that was typed is gone.
 */
import { describe, expect, test } from 'vitest';
import type { ActArgs } from '../../shared/acts/acts.ts';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import {
  addMilk,
  createHousehold,
  disagree,
  idle,
  ids,
  lasagne,
  lostOf,
  milkOf,
} from './household.ts';

describe.each([{ extensions: false }, { extensions: true }])(
  'two amounts, extensions $extensions',
  (options) => {
    test('[CONF-325] theirs stands for now on both, everything is sent, and only the second device asks', async () => {
      const home = await createHousehold(addMilk, options);
      const id = await disagree(home);
      for (const kitchen of [home.laptop, home.phone]) {
        expect(milkOf(kitchen)).toEqual({ id, quantity: 3000, note: 'the blue one' });
        expect(kitchen.device.engine.status()).toMatchObject(idle);
      }
      expect(home.laptop.choices()).toEqual([]);
      expect(home.phone.device.engine.status().choices).toBe(1);
      expect(home.phone.choices()).toMatchObject([
        {
          kind: 'field',
          table: 'list_items',
          subjectId: id,
          title: 'Milk',
          changedSince: false,
          fields: [
            {
              columns: ['quantity_milli', 'unit'],
              clash: true,
              before: { quantity_milli: 1000, unit: 'l' },
              mine: { quantity_milli: 2000, unit: 'l' },
              theirs: { quantity_milli: 3000, unit: 'l' },
            },
            { columns: ['note'], clash: false, theirs: { note: 'the blue one' } },
          ],
        },
      ]);
      const [edit] = home.phone
        .ask('timeline', { limit: 9 })
        .filter(({ direction }) => direction === 'out');
      expect(edit).toMatchObject({ state: 'choice' });
    });
  },
);

describe('answering', () => {
  test('[CONF-326] mine is written over theirs as an ordinary act, theirs is kept, and undo asks again', async () => {
    const home = await createHousehold(addMilk);
    const { laptop, phone } = home;
    const id = await disagree(home);
    const [choice] = phone.choices();
    const answered = await phone.done('choice.answer', {
      choiceId: choice?.id ?? 0,
      answer: { side: 'mine' },
    });
    expect(answered).toMatchObject({
      undoable: true,
      sentence: {
        key: 'choice.answer',
        values: { title: 'Milk', side: 'mine', quantityMilli: 2000, unit: 'l' },
      },
    });
    expect(phone.choices()).toEqual([]);
    await phone.sync();
    await laptop.sync();
    for (const kitchen of [laptop, phone]) expect(milkOf(kitchen).quantity).toBe(2000);
    expect(lostOf(phone, id)).toMatchObject([
      {
        side: 'theirs',
        title: 'Milk',
        fields: [{ columns: ['quantity_milli', 'unit'], values: { quantity_milli: 3000 } }],
      },
    ]);
    await phone.done('act.undo', { actId: answered.actId });
    expect(phone.choices()).toMatchObject([{ subjectId: id }]);
    expect(lostOf(phone, id)).toEqual([]);
    await phone.sync();
    await laptop.sync();
    for (const kitchen of [laptop, phone]) expect(milkOf(kitchen).quantity).toBe(3000);
  });

  test('[CONF-326] theirs only ends the question; mine is kept and can be brought back', async () => {
    const home = await createHousehold(addMilk);
    const { laptop, phone } = home;
    const id = await disagree(home);
    const [choice] = phone.choices();
    const answered = await phone.done('choice.answer', {
      choiceId: choice?.id ?? 0,
      answer: { side: 'theirs' },
    });
    expect(phone.device.engine.status()).toMatchObject({ ...idle, choices: 0 });
    const [version] = lostOf(phone, id);
    expect(version).toMatchObject({ side: 'mine', fields: [{ values: { quantity_milli: 2000 } }] });
    await phone.done('act.undo', { actId: answered.actId });
    expect(phone.device.engine.status()).toMatchObject({ ...idle, choices: 1 });
    await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'theirs' } });
    const [again] = lostOf(phone, id);
    await phone.done('version.restore', { versionId: again?.id ?? '' });
    await phone.sync();
    await laptop.sync();
    expect(milkOf(laptop)).toEqual({ id, quantity: 2000, note: 'the blue one' });
  });

  test('[CONF-326] a mix takes any value for what is in question, and nothing else', async () => {
    const home = await createHousehold(addMilk);
    await disagree(home);
    const [choice] = home.phone.choices();
    const choiceId = choice?.id ?? 0;
    const mix = (values: Extract<ActArgs['choice.answer']['answer'], { side: 'mix' }>['values']) =>
      home.phone.perform('choice.answer', { choiceId, answer: { side: 'mix', values } });
    expect(await mix({ note: 'mine' })).toMatchObject({
      error: { type: 'invalid', field: 'note' },
    });
    expect(await mix({ quantity_milli: -5 })).toMatchObject({ error: { reason: 'out-of-range' } });
    expect(home.phone.choices()).toHaveLength(1);
    expect(await mix({ quantity_milli: 5000 })).toMatchObject({ ok: true });
    expect(milkOf(home.phone).quantity).toBe(5000);
    expect(lostOf(home.phone, null).map(({ side }) => side)).toEqual(['mine', 'theirs']);
    expect(await mix({ quantity_milli: 6000 })).toMatchObject({ error: { type: 'gone' } });
  });

  test('[CONF-327] an ordinary edit of what is in question is an answer, of other columns it is not', async () => {
    const home = await createHousehold(addMilk);
    const id = await disagree(home);
    await home.phone.done('list.edit', { id, note: 'the red one' });
    expect(home.phone.choices()).toHaveLength(1);
    const edit = await home.phone.done('list.edit', { id, quantityMilli: 4000 });
    expect(home.phone.choices()).toEqual([]);
    expect(lostOf(home.phone, id)).toMatchObject([{ side: 'mine' }]);
    await home.phone.done('act.undo', { actId: edit.actId });
    expect(home.phone.choices()).toHaveLength(1);
  });

  test('[CONF-328] when theirs changes again the question shows the row as it is, and mine still stands', async () => {
    const home = await createHousehold(addMilk);
    const { laptop, phone } = home;
    const id = await disagree(home);
    await laptop.done('list.edit', { id, quantityMilli: 7000 });
    await laptop.sync();
    await phone.sync();
    const [choice] = phone.choices();
    expect(choice).toMatchObject({
      changedSince: true,
      fields: [{ mine: { quantity_milli: 2000 }, theirs: { quantity_milli: 7000 } }, {}],
    });
    await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'mine' } });
    await phone.sync();
    await laptop.sync();
    expect(milkOf(laptop).quantity).toBe(2000);
    expect(lostOf(phone, id)).toMatchObject([
      { side: 'theirs', fields: [{ values: { quantity_milli: 7000 } }] },
    ]);
  });

  test('[CONF-328] both devices may ask at once, about different rows, and answers meet like any edits', async () => {
    const home = await createHousehold(async (kitchen) => {
      await addMilk(kitchen);
      await kitchen.done('list.add', { entries: readQuickAdd('1 kg Flour') });
    });
    const { laptop, phone } = home;
    const milk = await disagree(home);
    const flour = String(phone.rows('list_items').find(({ title }) => title === 'Flour')?.['id']);
    await phone.done('list.edit', { id: flour, quantityMilli: 8000 });
    await laptop.done('list.edit', { id: flour, quantityMilli: 9000 });
    await phone.sync();
    await laptop.sync();
    await phone.sync();
    expect(laptop.choices()).toMatchObject([{ subjectId: flour }]);
    expect(phone.choices()).toMatchObject([{ subjectId: milk }]);
    for (const kitchen of [laptop, phone]) {
      expect(kitchen.device.engine.status()).toMatchObject(idle);
      const choiceIds = kitchen.choices().map(({ id }) => id);
      await kitchen.done('choice.answerAll', { choiceIds, side: 'mine' });
    }
    await laptop.sync();
    await phone.sync();
    await laptop.sync();
    for (const kitchen of [laptop, phone])
      expect(
        kitchen
          .rows('list_items')
          .map((row) => [row['title'], row['quantity_milli']])
          .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      ).toEqual([
        ['Flour', 9000],
        ['Milk', 2000],
      ]);
  });

  test('[CONF-329] open questions survive a restart, a rebuild and a rotation', async () => {
    const home = await createHousehold(addMilk);
    await disagree(home);
    const before = home.phone.choices();
    const again = await home.phone.crash();
    expect(again.choices()).toEqual(before);
    expect((await again.device.engine.rebuild()).failure).toBeNull();
    expect(again.choices()).toEqual(before);
    const source = again.device.engine.status().sourceId;
    const rotated = await again.crash('certain');
    await rotated.sync();
    expect(rotated.device.engine.status().sourceId).not.toBe(source);
    expect(rotated.choices()).toEqual(before);
  });
});

describe('what lost by itself', () => {
  test('[CONF-334] a side that lost by itself is kept for thirty days, and no longer', async () => {
    const home = await createHousehold(addMilk);
    const { laptop, phone } = home;
    const { id } = milkOf(phone);
    await laptop.done('list.edit', { id, priceMinor: 199 });
    await phone.done('list.edit', { id, priceMinor: 149 });
    await phone.sync();
    await laptop.sync();
    const versions = [...lostOf(laptop, id), ...lostOf(phone, id)];
    expect(versions).toHaveLength(1);
    expect(versions[0]?.fields[0]?.columns).toEqual(['price_minor']);
    laptop.device.sql.run(`update versions set at = '2020-01-01T00:00:00.000Z'`);
    expect(lostOf(laptop, id)).toEqual([]);
    await laptop.done('list.edit', { id, priceMinor: 1 });
    await phone.done('list.edit', { id, priceMinor: 2 });
    await phone.sync();
    await laptop.sync();
    expect(laptop.rows('versions')).toHaveLength(1);
    expect(laptop.rows('version_rows')).toHaveLength(1);
  });

  test('[CONF-339] what an own act replaced can be brought back too, a recipe with its parts', async () => {
    const home = await createHousehold(async () => undefined);
    const { laptop } = home;
    const id = ids.rowId();
    await laptop.done('recipe.create', lasagne(id));
    const before = laptop.ask('recipe', { id });
    await laptop.done('recipe.edit', {
      id,
      fields: { title: 'Moussaka' },
      ingredients: [{ id: null, wording: '3 aubergines', section: null, optional: false }],
      steps: [],
    });
    await laptop.done('recipe.set', { id, rating: 3 });
    const [rated, edited] = laptop.ask('versions', { id });
    expect(rated).toMatchObject({ side: 'before', act: { key: 'recipe.set.rating' } });
    expect(edited).toMatchObject({ side: 'before', title: 'Lasagne', rows: 4 });
    await laptop.done('version.restore', { versionId: edited?.id ?? '' });
    expect(laptop.ask('recipe', { id })).toMatchObject({
      title: 'Lasagne',
      rating: 3,
      steps: before?.steps ?? [],
      ingredients: expect.arrayContaining([...(before?.ingredients ?? [])]),
    });
    expect(await laptop.perform('version.restore', { versionId: 'act:nothing:x' })).toMatchObject({
      error: { type: 'gone' },
    });
  });
});

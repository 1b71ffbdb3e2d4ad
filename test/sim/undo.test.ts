/** Undo and redo where another device wrote the same: what is clear is done, the rest is asked. */
import { describe, expect, test } from 'vitest';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { addMilk, createHousehold, milkOf } from './household.ts';

describe('undo', () => {
  test('[ACT-320] what was clear is undone, what somebody changed since stays and is asked', async () => {
    const home = await createHousehold((kitchen) =>
      kitchen.done('list.add', { entries: readQuickAdd('1 l Milk, 2 kg Rice') }),
    );
    const { laptop, phone } = home;
    const id = milkOf(phone).id;
    const edited = await phone.done('list.edit', { id, quantityMilli: 2000, note: 'the blue one' });
    await phone.sync();
    await laptop.sync();
    await laptop.done('list.edit', { id, quantityMilli: 3000 });
    await laptop.sync();
    await phone.sync();
    const undone = await phone.done('act.undo', { actId: edited.actId });
    expect(undone.sentence.values).toMatchObject({ of: 'list.edit.amount', asks: 1 });
    expect(milkOf(phone)).toEqual({ id, quantity: 3000, note: null });
    expect(phone.choices()).toMatchObject([
      { fields: [{ mine: { quantity_milli: 1000 }, theirs: { quantity_milli: 3000 } }, {}] },
    ]);
  });

  test('[ACT-321] a line of an undone plan that somebody changed stays and is asked; the rest goes', async () => {
    const home = await createHousehold(async () => undefined);
    const { laptop, phone } = home;
    const added = await phone.done('list.add', { entries: readQuickAdd('1 l Milk, 2 kg Rice') });
    await phone.sync();
    await laptop.sync();
    await laptop.done('list.edit', { id: milkOf(laptop).id, note: 'the blue one' });
    await laptop.sync();
    await phone.sync();
    await phone.done('act.undo', { actId: added.actId });
    expect(phone.rows('list_items').map(({ title }) => title)).toEqual(['Milk']);
    const [choice] = phone.choices();
    expect(choice).toMatchObject({ kind: 'gone-here', title: 'Milk' });
    await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'mine' } });
    expect(phone.rows('list_items')).toEqual([]);
  });

  test('[ACT-322] redo takes an undo back, and can be undone itself', async () => {
    const home = await createHousehold(addMilk);
    const { phone } = home;
    const { id } = milkOf(phone);
    const edited = await phone.done('list.edit', { id, quantityMilli: 2000 });
    const undone = await phone.done('act.undo', { actId: edited.actId });
    expect(milkOf(phone).quantity).toBe(1000);
    const redone = await phone.done('act.redo', { actId: undone.actId });
    expect(milkOf(phone).quantity).toBe(2000);
    expect(redone).toMatchObject({ undoable: true, sentence: { key: 'act.redo' } });
    expect(await phone.perform('act.redo', { actId: undone.actId })).toMatchObject({
      error: { type: 'gone' },
    });
    await phone.done('act.undo', { actId: redone.actId });
    expect(milkOf(phone).quantity).toBe(1000);
  });
});

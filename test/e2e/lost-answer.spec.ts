/** The server dies after it committed and before its answer arrived: the retry is the same bundle. */
import postgres from 'postgres';
import { expect, newDevice, newPerson, signUp, test } from './fixtures.ts';
import { startLarder } from './server.ts';

test('[PUSH-40] the API is killed between commit and answer: the retry yields the same bundle, once', async ({
  browser,
}) => {
  const larder = await startLarder();
  const device = await newDevice(browser, larder);
  const sql = postgres(larder.databaseUrl, { max: 1 });
  try {
    const tab = await device.openTab();
    await signUp(tab, newPerson('Ana'));
    const before = await bundles(sql);

    const swallowed = device.proxy.swallowAnswerTo(
      /^POST \/sync\/(push|push-sessions\/[^/]+\/commit) /,
    );
    await tab.perform('list.add', {
      entries: [{ title: 'Saffron', quantityMilli: null, unit: null, note: null, storeName: null }],
    });
    await swallowed;
    await larder.kill();
    const committed = await bundles(sql);
    expect(committed.length, 'the commit is in the database, its answer is lost').toBe(
      before.length + 1,
    );
    await larder.restart();
    device.proxy.retarget(larder.url);

    await tab.page.reload();
    await tab.settled();
    const after = await bundles(sql);
    expect(after).toEqual(committed);
    const saffron = (await tab.dump())['list_items']?.filter((row) => row['title'] === 'Saffron');
    expect(saffron).toHaveLength(1);
  } finally {
    await sql.end();
    await device.close();
    await larder.stop();
  }
});

function bundles(sql: postgres.Sql) {
  return sql`select bundle_seq, source_bundle_id, bundle_hash as hash
    from sync.bundle order by bundle_seq`;
}

import { describe, expect, test } from 'vitest';
import { chooseHome, judgeLoss } from './home.ts';
import type { HomeMarker, HomeProbes, Probe } from './home.ts';

const opfsHome: HomeMarker = { store: 'opfs-async', state: 'live' };
const indexedDbHome: HomeMarker = { store: 'indexeddb', state: 'live' };

describe('where a database lives', () => {
  test.each<HomeProbes & { readonly choice: ReturnType<typeof chooseHome> }>([
    { marker: opfsHome, opfs: 'has-files', indexedDb: 'empty', choice: 'opfs-async' },
    { marker: opfsHome, opfs: 'empty', indexedDb: 'has-files', choice: 'opfs-async' },
    { marker: opfsHome, opfs: 'fails', indexedDb: 'has-files', choice: 'try-again' },
    { marker: opfsHome, opfs: 'missing', indexedDb: 'empty', choice: 'try-again' },
    { marker: indexedDbHome, opfs: 'has-files', indexedDb: 'has-files', choice: 'indexeddb' },
    { marker: indexedDbHome, opfs: 'empty', indexedDb: 'fails', choice: 'try-again' },
    { marker: indexedDbHome, opfs: 'empty', indexedDb: 'missing', choice: 'try-again' },
  ])('[STORE-22] the marker beats the ladder: $marker.store, $opfs, $indexedDb', (row) => {
    expect(chooseHome(row)).toBe(row.choice);
  });

  test.each<HomeProbes & { readonly choice: ReturnType<typeof chooseHome> }>([
    { marker: null, opfs: 'empty', indexedDb: 'empty', choice: 'opfs-async' },
    { marker: null, opfs: 'empty', indexedDb: 'has-files', choice: 'indexeddb' },
    { marker: null, opfs: 'has-files', indexedDb: 'has-files', choice: 'opfs-async' },
    { marker: null, opfs: 'missing', indexedDb: 'empty', choice: 'indexeddb' },
    { marker: null, opfs: 'missing', indexedDb: 'missing', choice: 'memory' },
    { marker: null, opfs: 'empty', indexedDb: 'missing', choice: 'opfs-async' },
    { marker: null, opfs: 'fails', indexedDb: 'empty', choice: 'try-again' },
    { marker: null, opfs: 'missing', indexedDb: 'fails', choice: 'try-again' },
    { marker: null, opfs: 'empty', indexedDb: 'fails', choice: 'try-again' },
    { marker: 'unreadable', opfs: 'empty', indexedDb: 'fails', choice: 'try-again' },
    { marker: 'unreadable', opfs: 'has-files', indexedDb: 'fails', choice: 'opfs-async' },
  ])('[STORE-22] without a marker files win: $marker, $opfs, $indexedDb', (row) => {
    expect(chooseHome(row)).toBe(row.choice);
  });
});

describe('of all that the two stores and the marker can say', () => {
  const probes: readonly Probe[] = ['has-files', 'empty', 'missing', 'fails'];
  const markers: readonly HomeProbes['marker'][] = [null, 'unreadable', opfsHome, indexedDbHome];
  const all = markers.flatMap((marker) =>
    probes.flatMap((opfs) => probes.map((indexedDb) => ({ marker, opfs, indexedDb }))),
  );
  const chosen = all.map((row) => ({ ...row, choice: chooseHome(row) }));
  /** Where a store was chosen: what it had said, and what the other one had. */
  const answers = [
    ...chosen.map(({ opfs, indexedDb, ...row }) => ({ ...row, answer: opfs, other: indexedDb })),
    ...chosen.map(({ opfs, indexedDb, ...row }) => ({ ...row, answer: indexedDb, other: opfs })),
  ].filter(({ choice }, at) => choice === (at < all.length ? 'opfs-async' : 'indexeddb'));

  test('[STORE-282] a store is chosen only if it answered, and never against the marker', () => {
    const silent = answers.filter(({ answer }) => answer === 'missing' || answer === 'fails');
    expect(silent).toEqual([]);
    const against = chosen.filter(
      ({ marker, choice }) =>
        typeof marker === 'object' &&
        marker !== null &&
        ![marker.store, 'try-again'].includes(choice),
    );
    expect(against).toEqual([]);
  });

  test('[STORE-282] memory is chosen only where nothing is there and nothing says that it ever was', () => {
    const inMemory = all.filter((row) => chooseHome(row) === 'memory');
    expect(inMemory).toEqual([{ marker: null, opfs: 'missing', indexedDb: 'missing' }]);
  });

  test('[STORE-282] without a marker no empty store is begun beside files or beside silence', () => {
    const begun = answers.filter(
      ({ marker, answer }) => (marker === null || marker === 'unreadable') && answer === 'empty',
    );
    expect(begun.length).toBeGreaterThan(0);
    expect(begun.filter(({ other }) => other === 'has-files' || other === 'fails')).toEqual([]);
  });
});

describe('the witness', () => {
  const found = { loss: 'none', seq: 10, databaseId: 'a' } as const;

  test('[STORE-23] an end below the witness is certain loss, however clean it looks', () => {
    expect(judgeLoss(found, { databaseId: 'a', seq: 11 })).toBe('certain');
    expect(judgeLoss({ ...found, loss: 'possible' }, { databaseId: 'a', seq: 11 })).toBe('certain');
    expect(judgeLoss(found, { databaseId: 'a', seq: 10 })).toBe('none');
    expect(judgeLoss({ ...found, loss: 'certain' }, { databaseId: 'a', seq: 1 })).toBe('certain');
  });

  test('[STORE-23] a missing witness leaves loss possible, except in a database that just began', () => {
    expect(judgeLoss(found, null)).toBe('possible');
    expect(judgeLoss(found, { databaseId: 'b', seq: 1 })).toBe('possible');
    expect(judgeLoss({ ...found, seq: 0 }, null)).toBe('none');
  });
});

import { expect, test } from 'vitest';

import type { Phase, SyncStatus } from '../../shared/status.ts';
import { describeChip, settleChip, startChip } from './chip-state.ts';

const moment = { nowMs: Date.parse('2026-11-22T14:05:00.000Z'), clock: () => '14:02' };

function status(phase: Phase, acts = 0, changes: Partial<SyncStatus> = {}): SyncStatus {
  return {
    phase,
    unsent: { acts, rows: acts },
    held: 0,
    choices: 0,
    durable: 'strict',
    progress: null,
    lastExchangeAt: '2026-11-22T14:02:00.000Z',
    nextTryAt: null,
    lastError: null,
    checkpoint: 1,
    sourceId: 's',
    ...changes,
  };
}

const words = (phase: Phase, acts = 0, changes: Partial<SyncStatus> = {}): string =>
  describeChip(status(phase, acts, changes), moment).words;

test('[UI-21] every phase has the words of the design', () => {
  const expected: Readonly<Record<Phase, string>> = {
    opening: 'Opening…',
    'memory-only': 'Not kept in this window',
    'too-old': 'Update to keep going',
    'server-older': 'The server is not updated yet · 5 saved here',
    'newer-kitchen': 'Reload to go on',
    unreadable: 'Your kitchen cannot be opened',
    'rebuild-needed': 'This device needs a fresh copy',
    'storage-full': "Can't save: storage full",
    'storage-cleared': 'Storage was cleared',
    'signed-out': 'Signed out · 5 saved here',
    'local-only': 'Saved on this device only',
    'first-download': 'Getting your kitchen… 64 %',
    offline: 'Offline · 5 saved here',
    'server-trouble': "Can't reach the server · 5 saved here",
    exchanging: 'Sending 5…',
    idle: 'Sending 5…',
  };
  const seen = Object.keys(expected).map((phase) => [
    phase,
    words(phase as Phase, 5, { progress: { done: 649, total: 1000 } }),
  ]);
  expect(Object.fromEntries(seen)).toEqual(expected);
});

test('[STORE-310] a store that is silent is said before anything about the server', () => {
  expect(words('idle', 0, { isSavingSlow: true })).toBe('Saving is slow');
  expect(words('offline', 3, { isSavingSlow: true })).toBe('Saving is slow');
  expect(words('memory-only', 0, { isSavingSlow: true, durable: 'none' })).toBe(
    'Not kept in this window',
  );
});

test('[STORE-505] lost work is said before anything about the server, and after what is in the way here', () => {
  for (const phase of ['idle', 'offline', 'local-only', 'server-trouble'] as const) {
    expect(words(phase, 3, { isWorkLost: true })).toBe('Some work is gone');
  }
  expect(words('storage-full', 0, { isWorkLost: true })).toBe("Can't save: storage full");
  expect(words('unreadable', 0, { isWorkLost: true })).toBe('Your kitchen cannot be opened');
});

test('[UI-21] counts of nothing are not said', () => {
  expect(words('offline')).toBe('Offline');
  expect(words('signed-out')).toBe('Signed out');
  expect(words('idle')).toBe('Synced');
});

test('[UI-21] offline is never red and tells when everything was synced', () => {
  const chip = describeChip(status('offline'), moment);
  expect(chip.tone).toBe('quiet');
  expect(chip.below).toBe('Everything here was synced at 14:02.');
});

test('[UI-21] server trouble tells the next try', () => {
  const chip = describeChip(
    status('server-trouble', 1, { nextTryAt: '2026-11-22T14:05:40.000Z' }),
    moment,
  );
  expect(chip.below).toBe('Next try in 40 seconds.');
});

test('[UI-22] the chip never says Synced over something unsent, not even before it says Sending', () => {
  const start = startChip(describeChip(status('idle'), moment), 0);
  const sending = describeChip(status('exchanging', 2), moment);
  const soon = settleChip(start, sending, 10);
  expect(soon.shown.words).toBe('Saved here');
  const later = settleChip(soon, sending, 2_100);
  expect(later.shown.words).toBe('Sending 2…');
});

test('[UI-22] Sending stays at least 600 ms, then gives way', () => {
  const sending = startChip(describeChip(status('exchanging', 2), moment), 0);
  const synced = describeChip(status('idle'), moment);
  const early = settleChip(sending, synced, 100);
  expect(early.shown.words).toBe('Sending 2…');
  expect(settleChip(early, synced, 700).shown.words).toBe('Synced');
});

test('[UI-22] Offline is said after three seconds only, and a quick recovery is never seen', () => {
  const start = startChip(describeChip(status('idle'), moment), 0);
  const offline = describeChip(status('offline'), moment);
  const blip = settleChip(start, offline, 1_000);
  expect(blip.shown.words).toBe('Synced');
  expect(settleChip(blip, describeChip(status('idle'), moment), 2_000).shown.words).toBe('Synced');
  expect(settleChip(blip, offline, 4_000).shown.words).toBe('Offline');
});

test('[UI-22] a count that changed is shown at once', () => {
  const offline = startChip(describeChip(status('offline', 1), moment), 0);
  const more = settleChip(offline, describeChip(status('offline', 2), moment), 5);
  expect(more.shown.words).toBe('Offline · 2 saved here');
});

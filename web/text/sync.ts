/** Words of the status chip, the sync panel and held changes (`app.md` §6). Exact; no blame. */
import { counted, plural } from '../../shared/text/plural.ts';

const savedHere = (acts: number, words: string): string =>
  acts > 0 ? `${words} · ${acts} saved here` : words;

export const wordsForChip = {
  opening: 'Opening…',
  openingBelow: 'Your kitchen is being opened on this device.',
  connecting: 'Connecting…',
  saved: 'Saved here',
  memoryOnly: 'Not kept in this window',
  memoryOnlyBelow:
    'This window cannot store anything, for example because it is private. Open Larder in a normal window to keep what you write.',
  tooOld: 'Update to keep going',
  tooOldBelow: (acts: number) => (acts > 0 ? 'Your changes wait here.' : 'Nothing was changed.'),
  serverOlder: (acts: number) => savedHere(acts, 'The server is not updated yet'),
  serverOlderBelow: 'Everything works here. It is sent once the server knows this version.',
  newerKitchen: 'Reload to go on',
  newerKitchenBelow:
    'A newer Larder has updated your kitchen. Nothing is written from this window.',
  unreadable: 'Your kitchen cannot be opened',
  unreadableBelow: 'Its file is damaged. It is kept as it is.',
  rebuild: 'This device needs a fresh copy',
  rebuildBelow: (acts: number) =>
    acts > 0
      ? `Your ${counted(acts, 'unsent change is', 'unsent changes are')} kept and put back on top.`
      : 'You can go on reading and ticking meanwhile.',
  slow: 'Saving is slow',
  slowBelow: 'The disk of this device takes its time. What you did last is not saved yet.',
  full: "Can't save: storage full",
  fullBelow: 'This device has no room. Free some space, then go on.',
  cleared: 'Storage was cleared',
  clearedBelow: 'What you see is in memory only. Decide what is to become of it.',
  workLost: 'Some work is gone',
  workLostBelow: 'What was done last on this device could not be read again.',
  signedOut: (acts: number) => savedHere(acts, 'Signed out'),
  signedOutBelow: 'Sign in to send what you did here. Work goes on meanwhile.',
  localOnly: 'Saved on this device only',
  localOnlyBelow: 'No account needed. Sign in to have your kitchen on other devices too.',
  download: (percent: number | null) =>
    percent === null ? 'Getting your kitchen…' : `Getting your kitchen… ${percent} %`,
  downloadBelow: 'It appears when the copy is whole.',
  offline: (acts: number) => savedHere(acts, 'Offline'),
  offlineBelow: (acts: number, lastAt: string | null) => {
    if (acts > 0) {
      return lastAt === null
        ? 'Will be sent by itself.'
        : `Will be sent by itself. Last synced ${lastAt}.`;
    }
    return lastAt === null
      ? 'Everything works; it is kept on this device.'
      : `Everything here was synced at ${lastAt}.`;
  },
  trouble: (acts: number) => savedHere(acts, "Can't reach the server"),
  troubleBelow: (seconds: number | null) =>
    seconds === null
      ? 'Larder keeps trying.'
      : `Next try in ${counted(seconds, 'second', 'seconds')}.`,
  sending: (acts: number) => `Sending ${acts}…`,
  sendingBelow: 'Saved on this device, on its way to your household.',
  synced: 'Synced',
  syncedBelow: (lastAt: string) => `Synced at ${lastAt}.`,
  held: (count: number) =>
    `${counted(count, 'change', 'changes')} ${plural(count, 'wasn’t', 'weren’t')} accepted`,
  openPanel: (words: string) => `${words}. Open sync`,
} as const;

export const wordsForSync = {
  title: 'Sync',
  syncNow: 'Sync now',
  signIn: 'Sign in',
  waiting: 'Waiting to be sent',
  needsChoice: 'Needs your choice',
  today: 'Today',
  all: 'All',
  sent: 'Sent',
  received: 'Received',
  combined: 'Combined',
  choices: 'Choices',
  notAccepted: 'Not accepted',
  filter: 'Show',
  empty: 'Nothing has happened on this device yet.',
  emptyFilter: 'Nothing of this kind yet.',
  details: 'Details',
  lastExchange: 'Last exchange',
  never: 'never',
  unsentRows: 'Rows not sent yet',
  checkpoint: 'Household state',
  source: 'This device in sync',
  lastError: 'Last trouble',
  durable: 'How it is kept',
  durableWords: { strict: 'on disk', relaxed: 'on disk, without waiting', none: 'in memory only' },
  bundle: (seq: number) => `Bundle ${seq}`,
  from: (person: string | null, device: string | null) =>
    [device, person].filter((part) => part !== null).join(' · ') || 'Another device',
  rows: (count: number) => counted(count, 'row', 'rows'),
  rowChange: (table: string, op: 'insert' | 'update' | 'delete', rows: number) =>
    `${TABLE_NAMES.get(table) ?? table} ${OP_SIGNS[op]}${rows}`,
  state: {
    saved: 'Saved here',
    sending: 'Sending',
    accepted: 'Synced',
    combined: 'Combined',
    choice: 'Needs your choice',
    refused: "Wasn't accepted",
    undone: 'Undone',
  },
  workLost: 'Some work is gone',
  workLostWords:
    'After a power cut or a damaged file, what was done last on this device could not be read again. Everything your household has comes back by itself. Please look whether something is missing.',
  restored: 'Put back by the server',
  restoredWords: (count: number) =>
    `Your household was restored to an earlier state. ${counted(count, 'thing was', 'things were')} otherwise there than on this device.`,
  restoredSave: 'Save as a file',
  lostDismiss: 'Got it',
  heldReason: {
    conflict: 'Changed here and on another device.',
    rejected: "This change wasn't accepted.",
    orphaned: 'What this belonged to is gone.',
  },
  heldNameless: 'Something without a name',
  heldKept: 'Your change is kept on this device. Everything else goes on syncing.',
  heldMine: 'Use mine',
  heldTheirs: 'Use theirs',
  heldRetry: 'Try again',
  heldDrop: 'Drop my change',
  heldDecideFailed: 'That could not be decided now. Your change is kept.',
  heldSince: (when: string) => `Since ${when}`,
} as const;

const OP_SIGNS = { insert: '+', update: '~', delete: '−' } as const;

/** What people call the tables. */
const TABLE_NAMES: ReadonlyMap<string, string> = new Map([
  ['stores', 'Shops'],
  ['aisles', 'Aisles'],
  ['products', 'Products'],
  ['recipes', 'Recipes'],
  ['recipe_ingredients', 'Ingredients'],
  ['recipe_steps', 'Steps'],
  ['recipe_photos', 'Photos'],
  ['tags', 'Tags'],
  ['recipe_tags', 'Recipe tags'],
  ['plan_entries', 'Plan'],
  ['list_items', 'List'],
  ['pantry_items', 'Pantry'],
  ['purchases', 'Purchases'],
  ['activity', 'Activity'],
]);

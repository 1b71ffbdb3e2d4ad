/** Words of the small views: pantry, activity, settings, not found. */
import { counted } from '../../shared/text/plural.ts';

export const wordsForPantry = {
  title: 'Pantry',
  empty: 'Finish a shopping trip and it fills itself.',
  place: 'Place',
  places: { fridge: 'Fridge', freezer: 'Freezer', cupboard: 'Cupboard' },
  add: 'Add to the pantry',
  addExample: '2 l milk, 6 eggs',
  usedUp: (title: string) => `${title} used up`,
  usedUpShort: 'Used up',
  bestBefore: (day: string) => `Use by ${day}`,
  placeEmpty: 'Nothing here.',
} as const;

export const wordsForActivity = {
  title: 'Activity',
  empty: 'Nothing has happened yet.',
  unsent: 'will be recorded when synced',
  someone: 'Someone',
  verbs: {
    added: 'added',
    edited: 'changed',
    trashed: 'put in the Trash',
    restored: 'brought back',
    removed: 'removed',
    moved: 'moved',
    cooked: 'cooked',
    bought: 'bought',
  },
  things: (table: string, count: number) => {
    const [one, other] = NAMES.get(table) ?? ['thing', 'things'];
    return counted(count, one, other);
  },
} as const;

const NAMES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['recipes', ['recipe', 'recipes'] as const],
  ['plan_entries', ['meal', 'meals'] as const],
  ['list_items', ['thing', 'things'] as const],
  ['pantry_items', ['thing in the pantry', 'things in the pantry'] as const],
]);

export const wordsForSettings = {
  title: 'Settings',
  account: 'Account',
  signedInAs: (email: string) => `Signed in as ${email}`,
  household: (name: string) => `Household: ${name}`,
  noAccount: 'No account. Everything is saved on this device only.',
  noAccountUnsaved: 'No account.',
  appearance: 'Appearance',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  storage: 'Storage',
  persisted: 'This browser keeps your kitchen until you remove it.',
  notPersisted: 'This browser may clear the kitchen when the device is short of room.',
  notPersistedAlone: 'This device holds the only copy. Sign in to have a second one.',
  askPersist: 'Ask the browser to keep it',
  persistRefused: 'The browser said no for now. Installing Larder usually changes its mind.',
  used: (size: string) => `${size} on this device`,
  install: 'Install',
  installWords: 'Keep it on your home screen: opens offline, no tab to lose.',
  installNow: 'Install Larder',
  installByHand: 'Use “Install app” or “Add to Home Screen” in the menu of this browser.',
  installed: 'Larder is installed on this device.',
  more: 'More',
  import: 'Import recipes',
  about: 'About',
  aboutWords:
    'Larder keeps your kitchen on each device and brings it together when there is a network.',
  device: 'This device in sync',
} as const;

export const wordsForNotFound = {
  title: 'Nothing on this shelf',
  words: 'There is no page at this address. Your kitchen is where you left it.',
  toList: 'To the shopping list',
} as const;

export const wordsForShare = {
  title: 'Shared with Larder',
  tooLargeTitle: 'That was too much at once',
  tooLarge:
    'Nothing was taken from what you shared. Save it as a file in the other app, then import the file.',
  toImport: 'To the import',
} as const;

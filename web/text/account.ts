/** Words of accounts: signing in, up and out, and what happens to the things on this device. */
import { counted, plural } from '../../shared/text/plural.ts';

export const wordsForAccount = {
  signIn: 'Sign in',
  signUp: 'Sign up',
  signInTitle: 'Sign in to Larder',
  signUpTitle: 'Create your account',
  signInWords: 'Your kitchen on every device of your household.',
  signUpWords: 'For a kitchen on all your devices. What is on this device comes along.',
  name: 'Your name',
  email: 'E-mail',
  password: 'Password',
  passwordHint: 'At least 10 characters.',
  showPassword: 'Show password',
  toSignUp: 'New here? Create an account',
  toSignIn: 'I have an account',
  working: 'One moment…',
  offline: 'You can sign in when there is a network. Your kitchen works meanwhile.',
  wrongPassword: 'E-mail and password do not belong together.',
  taken: 'There is an account with this e-mail. Sign in instead.',
  weakPassword: 'Please use at least 10 characters.',
  invalidEmail: 'That does not look like an e-mail address.',
  tooMany: 'Too many tries. Wait a minute, then try again.',
  refused: (detail: string) => `The server said no (${detail}). Nothing was changed.`,
  nameNeeded: 'Your household will want to know your name.',
  joinTitle: 'Bring these along?',
  joinWords: (household: string) =>
    `You are signed in to ${household}. There are things on this device that it has not got.`,
  join: (count: number, household: string) =>
    `Add my ${counted(count, 'thing', 'things')} to ${household}`,
  saveAsFile: 'Save them as a file and leave them out',
  savedAsFile: (rows: number) =>
    `${counted(rows, 'row is', 'rows are')} in the file. Look that it is there before they go from this device.`,
  letGo: (rows: number) => `The file is there, remove ${counted(rows, 'row', 'rows')} here`,
  letGoFailed: 'Something changed meanwhile. It was saved again, and nothing was removed.',
  keepApart: 'Keep them apart on this device',
  welcome: (name: string) => `Signed in as ${name}.`,
  welcomeApart: (name: string) =>
    `Signed in as ${name}. What you made without an account is kept apart until everything of your household is sent.`,
  locked: (name: string, count: number) =>
    `${counted(count, 'change', 'changes')} of ${name} ${plural(count, 'is', 'are')} locked on this device, not sent yet. Sent when ${name} signs in here again.`,
  lockedShort: (count: number) => `${count} locked here`,
  signOut: 'Sign out',
  signOutTitle: 'Sign out?',
  signOutWords: 'Your household keeps everything. This device forgets its copy.',
  unsentTitle: (count: number) =>
    `${counted(count, "change hasn't", "changes haven't")} reached your household yet`,
  sendAndSignOut: 'Send and sign out',
  openChoices: (count: number) =>
    `${count} ${plural(count, 'needs', 'need')} your choice. Your side of it is on this device alone: locked it is kept, signed out it is forgotten.`,
  keepLocked: 'Sign out, keep them locked on this device',
  sendOff: 'Needs a network. Try again when this device is online.',
  stillUnsent: 'Not everything could be sent. Try again with a network.',
  signedOut: 'Signed out.',
  toList: 'To the list',
} as const;

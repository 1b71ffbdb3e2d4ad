/** Why an account call did not work, in words, and beside which field they belong. */
import type { AccountFailure } from '../../account.ts';
import { wordsForAccount } from '../../text/account.ts';

export function wordsForFailure(failure: AccountFailure): string {
  switch (failure.type) {
    case 'unreachable':
      return wordsForAccount.offline;
    case 'wrong-password':
    case 'signed-out':
      return wordsForAccount.wrongPassword;
    case 'taken':
      return wordsForAccount.taken;
    case 'weak-password':
      return wordsForAccount.weakPassword;
    case 'invalid-email':
      return wordsForAccount.invalidEmail;
    case 'too-many-tries':
      return wordsForAccount.tooMany;
    case 'refused':
      return wordsForAccount.refused(failure.detail);
  }
}

/** `null`: it is about no field, the words stand above the button. */
export function fieldOfFailure(failure: AccountFailure): 'email' | 'password' | null {
  switch (failure.type) {
    case 'taken':
    case 'invalid-email':
      return 'email';
    case 'wrong-password':
    case 'signed-out':
    case 'weak-password':
      return 'password';
    case 'unreachable':
    case 'too-many-tries':
    case 'refused':
      return null;
  }
}

/** Who this is, or the way to sign in. */
import { CircleUserRound } from 'lucide-react';
import { Link } from 'wouter';

import { wordsForAccount } from '../text/account.ts';
import { useAccount } from '../use-account.ts';
import css from './account-line.module.css';

export function AccountLine({ onFollow }: { readonly onFollow?: (() => void) | undefined }) {
  const account = useAccount();
  if (account === undefined) return null;
  return (
    <Link
      href={account === null ? '/sign-in' : '/settings'}
      className={css['line']}
      onClick={onFollow}
    >
      <CircleUserRound size={20} strokeWidth={1.75} aria-hidden="true" />
      <span className={css['words']}>
        {account === null ? (
          wordsForAccount.signIn
        ) : (
          <>
            <span className={css['name']}>{account.name}</span>
            <span className={css['household']}>{account.householdName}</span>
          </>
        )}
      </span>
    </Link>
  );
}

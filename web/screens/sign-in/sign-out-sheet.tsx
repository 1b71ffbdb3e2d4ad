/**
 * Signing out: with nothing unsent a plain question, else one that names what the household has not got
 * and loses none of it silently. The local kitchen lets go first, then the session ends.
 */
import { useState } from 'react';
import { useLocation } from 'wouter';

import { signOut } from '../../account.ts';
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { useToast } from '../../components/toast.tsx';
import { useKitchen, useQuery, useStatus } from '../../kitchen.tsx';
import { forgetNotesOf, noteStorages } from '../../private-notes.ts';
import { isWaiting } from '../../sync/panel-groups.ts';
import { wordsForAccount } from '../../text/account.ts';
import { wordsForFrame } from '../../text/frame.ts';
import { wordsForSentence } from '../../../shared/text/sentences.ts';
import { LetGo } from './let-go.tsx';
import css from './sign-out-sheet.module.css';

const LISTED_MAX = 200;
const CANNOT_SEND: ReadonlySet<string> = new Set(['offline', 'server-trouble', 'signed-out']);

export function SignOutSheet({ onClose }: { readonly onClose: () => void }) {
  const kitchen = useKitchen();
  const { phase, unsent, choices, kitchen: name } = useStatus();
  const waiting = (useQuery('timeline', { limit: LISTED_MAX }) ?? []).filter(isWaiting);
  const toast = useToast();
  const [, navigate] = useLocation();
  const [working, setWorking] = useState(false);
  const [stillUnsent, setStillUnsent] = useState(false);
  const offline = CANNOT_SEND.has(phase);
  const hasUnsent = unsent.rows > 0;

  const leave = async (how: 'send-first' | 'keep-locked') => {
    setWorking(true);
    setStillUnsent(false);
    const outcome = await kitchen.detach(how);
    setWorking(false);
    if (outcome.type !== 'detached') {
      setStillUnsent(true);
      return;
    }
    // What is locked keeps its drafts; what left this device leaves none.
    if (how === 'send-first' && name !== undefined) forgetNotesOf(name, noteStorages);
    // The kitchen has let go either way; a session that cannot be ended now is used by nobody.
    await signOut();
    onClose();
    toast({ words: wordsForAccount.signedOut });
    navigate('/list');
  };

  return (
    <Sheet
      title={
        hasUnsent
          ? wordsForAccount.unsentTitle(Math.max(1, unsent.acts))
          : wordsForAccount.signOutTitle
      }
      open
      alert
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{wordsForFrame.cancel}</Button>
          {hasUnsent || choices > 0 ? (
            <Button disabled={working} onClick={() => void leave('keep-locked')}>
              {wordsForAccount.keepLocked}
            </Button>
          ) : null}
          <Button
            tone="primary"
            disabled={working || (hasUnsent && offline)}
            onClick={() => void leave('send-first')}
          >
            {hasUnsent ? wordsForAccount.sendAndSignOut : wordsForAccount.signOut}
          </Button>
        </>
      }
    >
      <div className={css['body']}>
        {hasUnsent ? (
          <ul className={css['unsent']}>
            {waiting.map((entry) => (
              <li key={entry.id}>{wordsForSentence(entry.sentence)}</li>
            ))}
          </ul>
        ) : (
          <p>{wordsForAccount.signOutWords}</p>
        )}
        {hasUnsent ? <LetGo disabled={working} onGone={() => leave('send-first')} /> : null}
        {choices > 0 ? <p>{wordsForAccount.openChoices(choices)}</p> : null}
        {hasUnsent && offline ? <p>{wordsForAccount.sendOff}</p> : null}
        {stillUnsent ? <p role="alert">{wordsForAccount.stillUnsent}</p> : null}
      </div>
    </Sheet>
  );
}

/**
 * Said over everything, in every tab, when the browser has taken the files away under an open kitchen. Acts
 * wait until it is answered, so nothing is called saved meanwhile. Nothing is written back by itself: whoever
 * cleared the storage may have meant it.
 */
import { useState } from 'react';

import type { AfterClearing } from '../../shared/rpc.ts';
import { Button } from '../components/button.tsx';
import { Sheet } from '../components/sheet.tsx';
import { useToast } from '../components/toast.tsx';
import { useKitchen, useStatus } from '../kitchen.tsx';
import { wordsForFrame } from '../text/frame.ts';

export function StorageCleared() {
  const kitchen = useKitchen();
  const { phase, unsent, lastExchangeAt } = useStatus();
  const toast = useToast();
  const [working, setWorking] = useState(false);
  const [failed, setFailed] = useState(false);
  if (phase !== 'storage-cleared') return null;

  const answer = async (choice: AfterClearing) => {
    setWorking(true);
    setFailed(false);
    try {
      const outcome = await kitchen.afterClearing(choice);
      if (choice === 'keep' && outcome === 'started-anew') {
        toast({ words: wordsForFrame.clearedNotKept, tone: 'problem' });
      }
    } catch {
      setFailed(true);
    }
    setWorking(false);
  };
  return (
    <Sheet
      title={wordsForFrame.clearedTitle}
      open
      alert
      foot={
        <>
          <Button disabled={working} onClick={() => void answer('start-anew')}>
            {wordsForFrame.clearedStartAnew}
          </Button>
          <Button tone="primary" disabled={working} onClick={() => void answer('keep')}>
            {wordsForFrame.clearedKeep}
          </Button>
        </>
      }
    >
      <p>{wordsForFrame.clearedWords}</p>
      {lastExchangeAt !== null && unsent.acts > 0 ? (
        <p>{wordsForFrame.clearedUnsent(unsent.acts)}</p>
      ) : null}
      {failed ? <p role="alert">{wordsForFrame.clearedFailed}</p> : null}
    </Sheet>
  );
}

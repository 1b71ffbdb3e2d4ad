/**
 * Said over everything while the kitchen of this device cannot be opened: a newer Larder has had it, or its
 * file is damaged. Nothing is written meanwhile, and no way out of here deletes anything.
 */
import { useState } from 'react';

import { Button } from '../components/button.tsx';
import { Sheet } from '../components/sheet.tsx';
import { useKitchen, useStatus } from '../kitchen.tsx';
import { rowsFileName, saveFile } from '../save-file.ts';
import { wordsForFrame } from '../text/frame.ts';
import css from './closed-kitchen.module.css';

export function ClosedKitchen() {
  const { phase } = useStatus();
  if (phase === 'newer-kitchen') {
    return (
      <Sheet
        title={wordsForFrame.newerTitle}
        open
        alert
        foot={
          <Button tone="primary" onClick={() => location.reload()}>
            {wordsForFrame.reload}
          </Button>
        }
      >
        <p>{wordsForFrame.newerWords}</p>
      </Sheet>
    );
  }
  return phase === 'unreadable' ? <Unreadable /> : null;
}

function Unreadable() {
  const kitchen = useKitchen();
  const { unsent } = useStatus();
  const [working, setWorking] = useState(false);
  const save = async () => {
    const file = await kitchen.exportUnsent();
    saveFile(rowsFileName('unsent'), file.text);
  };
  const beginAnew = async () => {
    setWorking(true);
    await kitchen.afterClearing('start-anew');
  };
  return (
    <Sheet
      title={wordsForFrame.unreadableTitle}
      open
      alert
      foot={
        <>
          <Button disabled={working} onClick={() => location.reload()}>
            {wordsForFrame.reload}
          </Button>
          <Button tone="primary" disabled={working} onClick={() => void beginAnew()}>
            {wordsForFrame.unreadableAnew}
          </Button>
        </>
      }
    >
      <p className={css['words']}>{wordsForFrame.unreadableWords}</p>
      {unsent.rows > 0 ? (
        <Button wide onClick={() => void save()}>
          {wordsForFrame.unreadableSave(unsent.rows)}
        </Button>
      ) : null}
    </Sheet>
  );
}

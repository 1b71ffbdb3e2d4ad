/**
 * Letting go of what the household has not got: first it is saved as a file, then the person says that the
 * file is there, and only then exactly what was saved goes. What was changed in between is saved again.
 */
import { useState } from 'react';

import type { SavedRows } from '../../../shared/rpc.ts';
import { Button } from '../../components/button.tsx';
import { useKitchen } from '../../kitchen.tsx';
import { rowsFileName, saveFile } from '../../save-file.ts';
import { wordsForAccount } from '../../text/account.ts';

interface LetGoProps {
  readonly disabled: boolean;
  readonly wide?: boolean;
  /** It is saved and gone from this device. */
  readonly onGone: () => Promise<void>;
}

export function LetGo({ disabled, wide = false, onGone }: LetGoProps) {
  const kitchen = useKitchen();
  const [saved, setSaved] = useState<SavedRows | null>(null);
  const [working, setWorking] = useState(false);
  const [trouble, setTrouble] = useState<'changed' | 'failed' | null>(null);

  const save = async () => {
    const file = await kitchen.exportUnsent();
    saveFile(rowsFileName('unsent'), file.text);
    setSaved(file);
  };
  const letGo = async (file: SavedRows) => {
    setWorking(true);
    setTrouble(null);
    const outcome = await kitchen.discardUnsent(file.confirmation);
    if (outcome === 'discarded') await onGone();
    else {
      setTrouble(outcome);
      if (outcome === 'changed') await save();
    }
    setWorking(false);
  };

  if (saved === null) {
    return (
      <Button wide={wide} disabled={disabled} onClick={() => void save()}>
        {wordsForAccount.saveAsFile}
      </Button>
    );
  }
  return (
    <>
      <p role="alert">
        {trouble === null ? wordsForAccount.savedAsFile(saved.rows) : wordsForAccount.letGoFailed}
      </p>
      <Button wide={wide} disabled={disabled || working} onClick={() => void letGo(saved)}>
        {wordsForAccount.letGo(saved.rows)}
      </Button>
    </>
  );
}

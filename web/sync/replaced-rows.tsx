/** What a restored server had otherwise than this device: said once, saved as a file, dismissed. */
import { Button } from '../components/button.tsx';
import { useKitchen, useStatus } from '../kitchen.tsx';
import { rowsFileName, saveFile } from '../save-file.ts';
import { wordsForSync } from '../text/sync.ts';
import css from './sync-panel.module.css';

export function ReplacedRows() {
  const kitchen = useKitchen();
  const { lost = 0 } = useStatus();
  if (lost === 0) return null;
  const save = async () => {
    const file = await kitchen.exportLost();
    saveFile(rowsFileName('replaced'), file.text);
  };
  return (
    <section className={css['group']} aria-label={wordsForSync.restored}>
      <h3 className={css['heading']}>
        {wordsForSync.restored} <span>{lost}</span>
      </h3>
      <p className={css['below']}>{wordsForSync.restoredWords(lost)}</p>
      <div className={css['now']}>
        <Button onClick={() => void save()}>{wordsForSync.restoredSave}</Button>
        <Button tone="quiet" onClick={() => void kitchen.dismissLost()}>
          {wordsForSync.restoredDismiss}
        </Button>
      </div>
    </section>
  );
}

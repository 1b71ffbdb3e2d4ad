/**
 * What is gone from this device: work that could not be read again, and what a restored server had otherwise.
 * Said once, the second saved as a file where the person wants it, and dismissed together.
 */
import { Button } from '../components/button.tsx';
import { useKitchen, useStatus } from '../kitchen.tsx';
import { rowsFileName, saveFile } from '../save-file.ts';
import { wordsForSync } from '../text/sync.ts';
import css from './sync-panel.module.css';

export function LostWork() {
  const kitchen = useKitchen();
  const { lost = 0, isWorkLost = false } = useStatus();
  if (lost === 0 && !isWorkLost) return null;
  const save = async () => {
    const file = await kitchen.exportLost();
    saveFile(rowsFileName('replaced'), file.text);
  };
  const title = isWorkLost ? wordsForSync.workLost : wordsForSync.restored;
  return (
    <section className={css['group']} aria-label={title}>
      <h3 className={css['heading']}>
        {title} {lost > 0 ? <span>{lost}</span> : null}
      </h3>
      {isWorkLost ? <p className={css['below']}>{wordsForSync.workLostWords}</p> : null}
      {lost > 0 ? <p className={css['below']}>{wordsForSync.restoredWords(lost)}</p> : null}
      <div className={css['now']}>
        {lost > 0 ? <Button onClick={() => void save()}>{wordsForSync.restoredSave}</Button> : null}
        <Button tone="quiet" onClick={() => void kitchen.dismissLost()}>
          {wordsForSync.lostDismiss}
        </Button>
      </div>
    </section>
  );
}

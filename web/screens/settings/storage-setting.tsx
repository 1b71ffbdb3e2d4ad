/** What this browser promises to keep, and how much there is. Asked only when a person presses. */
import { useEffect, useState } from 'react';

import { Button } from '../../components/button.tsx';
import { useStatus } from '../../kitchen.tsx';
import { wordsForChip } from '../../text/sync.ts';
import { wordsForSettings } from '../../text/views.ts';
import { useAccount } from '../../use-account.ts';
import css from './settings.module.css';

interface StorageFacts {
  readonly persisted: boolean;
  readonly usedBytes: number | null;
}

export function StorageSetting() {
  const account = useAccount();
  const isMemoryOnly = useStatus().phase === 'memory-only';
  const [facts, setFacts] = useState<StorageFacts | null>(null);
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    readStorage().then(setFacts, () => undefined);
  }, []);
  if (isMemoryOnly) return <p>{wordsForChip.memoryOnlyBelow}</p>;
  if (facts === null) return null;
  const ask = async () => {
    const granted = await navigator.storage.persist();
    setRefused(!granted);
    setFacts({ ...facts, persisted: granted });
  };
  return (
    <>
      {facts.persisted ? (
        <p>{wordsForSettings.persisted}</p>
      ) : (
        <>
          <p>
            {account === null ? wordsForSettings.notPersistedAlone : wordsForSettings.notPersisted}
          </p>
          <Button onClick={() => void ask().catch(() => setRefused(true))}>
            {wordsForSettings.askPersist}
          </Button>
          {refused ? <p className={css['quiet']}>{wordsForSettings.persistRefused}</p> : null}
        </>
      )}
      {facts.usedBytes === null ? null : (
        <p className={css['quiet']}>{wordsForSettings.used(sizeText(facts.usedBytes))}</p>
      )}
    </>
  );
}

async function readStorage(): Promise<StorageFacts> {
  const persisted = await navigator.storage.persisted();
  const { usage } = await navigator.storage.estimate();
  return { persisted, usedBytes: usage ?? null };
}

const KIB = 1024;

function sizeText(bytes: number): string {
  const megabytes = bytes / (KIB * KIB);
  return megabytes >= 1 ? `${megabytes.toFixed(1)} MB` : `${Math.ceil(bytes / KIB)} KB`;
}

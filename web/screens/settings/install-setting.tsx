/** Installing the app, where the browser offers it; else where to look for it. */
import { useSyncExternalStore } from 'react';

import { Button } from '../../components/button.tsx';
import {
  hasInstallOffer,
  isInstalled,
  subscribeInstallOffer,
  takeInstallOffer,
} from '../../install-offer.ts';
import { wordsForSettings } from '../../text/views.ts';
import css from './settings.module.css';

export function InstallSetting() {
  const offered = useSyncExternalStore(subscribeInstallOffer, hasInstallOffer);
  if (isInstalled()) return <p>{wordsForSettings.installed}</p>;
  return (
    <>
      <p>{wordsForSettings.installWords}</p>
      {offered ? (
        <Button onClick={() => void takeInstallOffer()}>{wordsForSettings.installNow}</Button>
      ) : (
        <p className={css['quiet']}>{wordsForSettings.installByHand}</p>
      )}
    </>
  );
}

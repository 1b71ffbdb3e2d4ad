/** The composition root of a tab: styles, theme, the worker behind the kitchen, React, the service worker. */
import './styles/tokens.css';
import './styles/base.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { must } from '../shared/assert.ts';
import { askForBackgroundSync, wakeWhenSeen } from './background-sync.ts';
import { connect } from './connect.ts';
import { newId } from './ids.ts';
import { listenForInstallOffer } from './install-offer.ts';
import { installServiceWorker } from './install.ts';
import { keepNotesApart } from './private-notes.ts';
import { Root, tellLost, tellMoved, tellOld, tellReadyOffline } from './root.tsx';
import { applyTheme, readTheme } from './theme.ts';
import { announceUpdate } from './update-notice.ts';

applyTheme(readTheme());
listenForInstallOffer();
claimPressableStyle();

const connection = connect(newId(), tellLost);
if (connection.type === 'connected') {
  keepNotesApart(connection.kitchen, tellMoved);
  wakeWhenSeen(connection.kitchen);
}
createRoot(must(document.getElementById('root'), 'the page has a root')).render(
  <StrictMode>
    <Root connection={connection} />
  </StrictMode>,
);

if (import.meta.env.PROD) {
  // A browser that will not register it still runs the app, only not without a network.
  installServiceWorker({
    onWaiting: announceUpdate,
    onReadyOffline: tellReadyOffline,
    async onSuperseded() {
      tellOld();
      if (connection.type === 'connected') await connection.kitchen.retire();
    },
  }).catch(() => undefined);
  if (connection.type === 'connected') askForBackgroundSync(connection.kitchen);
}

/**
 * React-aria adds a style element under this id unless there is one; the content security policy forbids
 * that, and the rule stands in `base.css`. An empty element under the id keeps it from trying.
 */
function claimPressableStyle(): void {
  const claim = document.createElement('meta');
  claim.id = 'react-aria-pressable-style';
  document.head.append(claim);
}

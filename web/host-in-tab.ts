/**
 * Where a browser has no SharedWorker, one tab hosts the worker that owns the kitchens, and the others reach
 * it: the tab that holds the lock `HOST_LOCK` starts the very same script as a worker of its own; any other
 * tab sends a port through the service worker, which asks all tabs and hands it to the one that hosts.
 *
 * What must hold: a tab either hosts or has been served; it goes on asking until one of both is true. When
 * the host's tab is gone the lock passes on, and a tab that was served begins anew; nothing that was
 * acknowledged depends on the host, for it is on disk.
 */
import { HOST_LOCK, REACH_HOST, SERVED } from '../shared/rpc.ts';

/** How long a host may take to answer before the question is put again. */
const ASK_AGAIN_MS = 1_000;

export const canHostInTab = (): boolean =>
  typeof Worker !== 'undefined' && 'serviceWorker' in navigator && 'locks' in navigator;

/** A way to the owner, as host or as guest. */
export interface Reached {
  readonly port: MessagePort;
  /** Hosts no more: the worker is ended, and the lock passes on. Nothing to do for a guest. */
  readonly letGo: () => void;
}

/** A port to the owner. `onHostGone` is told when this tab was a guest and its host is no more. */
export function reachOwner(startWorker: () => Worker, onHostGone: () => void): Promise<Reached> {
  return new Promise((resolve, reject) => {
    let isGuest = false;
    let isOver = false;
    navigator.locks
      .request(HOST_LOCK, () => {
        if (isGuest) {
          onHostGone();
          return undefined;
        }
        isOver = true;
        // Held for as long as this tab and its worker live.
        return new Promise<void>((release) => resolve(host(startWorker(), release)));
      })
      .catch(reject);
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const port = await askHost();
        if (port === null || isOver) continue;
        isGuest = true;
        isOver = true;
        resolve({ port, letGo: () => undefined });
      }
    };
    // The lock is granted at once where nobody hosts.
    setTimeout(() => void ask().catch(reject), ASK_AGAIN_MS / 10);
  });
}

function host(worker: Worker, release: () => void): Reached {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(null, [port2]);
  const serve = ({ data, ports }: MessageEvent<unknown>): void => {
    const [line] = ports;
    if (data !== REACH_HOST || line === undefined) return;
    line.addEventListener('message', ({ ports: [port] }) => {
      if (port === undefined) return;
      port.postMessage(SERVED);
      worker.postMessage(null, [port]);
    });
    line.start();
    // Every tab is asked; saying anything means "I host".
    line.postMessage(SERVED, []);
  };
  navigator.serviceWorker.addEventListener('message', serve);
  navigator.serviceWorker.startMessages();
  return {
    port: port1,
    letGo() {
      navigator.serviceWorker.removeEventListener('message', serve);
      worker.terminate();
      release();
    },
  };
}

/** Null when nobody answered in time. */
async function askHost(): Promise<MessagePort | null> {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      port1.close();
      resolve(null);
    }, ASK_AGAIN_MS);
    port1.addEventListener(
      'message',
      () => {
        clearTimeout(timer);
        resolve(port1);
      },
      { once: true },
    );
    port1.start();
    active?.postMessage(REACH_HOST, [port2]);
  });
}

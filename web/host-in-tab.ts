/**
 * Where a browser has no SharedWorker, one tab hosts the worker that owns the kitchens, and the others reach
 * it: the tab that holds the lock `HOST_LOCK` starts the very same script as a worker of its own; any other
 * tab sends a port through the service worker, which asks all tabs and hands it to the one that hosts.
 *
 * What must hold: a tab either hosts or has been served; it goes on asking until one of both is true. When
 * the host's tab is gone the lock passes on, and a tab that was served begins anew; nothing that was
 * acknowledged depends on the host, for it is on disk. A tab that the browser freezes would take the worker
 * along and keep the lock, so it lets go first, and asks again when it thaws.
 */
import { HOST_LOCK, REACH_HOST, SERVED } from '../shared/rpc.ts';

/** How long a host may take to answer before the question is put again. */
const ASK_AGAIN_MS = 1_000;

export const canHostInTab = (): boolean =>
  typeof Worker !== 'undefined' && 'serviceWorker' in navigator && 'locks' in navigator;

/** A way to the owner, as host or as guest. */
export interface Reached {
  readonly port: MessagePort;
  /** Uses it no more. What was hosted here is ended, and the lock passes on. */
  readonly letGo: () => void;
}

/** Pending while this tab is frozen. Only Chromium says so; other browsers have a SharedWorker. */
let thawed = Promise.resolve();
document.addEventListener('freeze', () => {
  thawed = new Promise((resolve) => {
    document.addEventListener('resume', () => resolve(), { once: true });
  });
});

/** A port to the owner. `onGone` is told when that way has ended: its host is no more, or this tab froze. */
export async function reachOwner(startWorker: () => Worker, onGone: () => void): Promise<Reached> {
  for (;;) {
    await thawed;
    const reached = await reachUnlessFrozen(startWorker, onGone);
    if (reached !== null) return reached;
  }
}

function reachUnlessFrozen(startWorker: () => Worker, onGone: () => void): Promise<Reached | null> {
  return new Promise((resolve, reject) => {
    const inLine = new AbortController();
    let state: 'asking' | 'guest' | 'host' | 'left' = 'asking';
    let endHosting = (): void => undefined;
    const letGo = (): void => {
      state = 'left';
      document.removeEventListener('freeze', onFreeze);
      inLine.abort();
      endHosting();
    };
    const onFreeze = (): void => {
      const wasAsking = state === 'asking';
      letGo();
      if (wasAsking) resolve(null);
      else onGone();
    };
    document.addEventListener('freeze', onFreeze);
    navigator.locks
      .request(HOST_LOCK, { signal: inLine.signal }, () => {
        if (state === 'guest') onGone();
        if (state !== 'asking') return undefined;
        state = 'host';
        const hosted = host(startWorker());
        resolve({ port: hosted.port, letGo });
        // Held for as long as this tab and its worker live.
        return new Promise<void>((release) => {
          endHosting = () => {
            hosted.end();
            release();
          };
        });
      })
      .catch((error: unknown) => {
        if (!inLine.signal.aborted) reject(error);
      });
    const ask = async (): Promise<void> => {
      while (state === 'asking') {
        const port = await askHost();
        if (port === null) continue;
        if (state !== 'asking') {
          port.close();
          return;
        }
        state = 'guest';
        resolve({ port, letGo });
      }
    };
    // The lock is granted at once where nobody hosts.
    setTimeout(() => void ask().catch(reject), ASK_AGAIN_MS / 10);
  });
}

function host(worker: Worker): { readonly port: MessagePort; readonly end: () => void } {
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
    end() {
      navigator.serviceWorker.removeEventListener('message', serve);
      worker.terminate();
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

/**
 * The browser's offer to install the app, kept until somebody asks for it in Settings. It is caught from
 * the first moment, because browsers make it once.
 */
interface InstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallPromptEvent | null = null;
const listeners = new Set<() => void>();

export function listenForInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallPromptEvent;
    for (const listener of listeners) listener();
  });
  addEventListener('appinstalled', () => {
    offer = null;
    for (const listener of listeners) listener();
  });
}

export function subscribeInstallOffer(onChange: () => void): () => void {
  listeners.add(onChange);
  return () => {
    listeners.delete(onChange);
  };
}

export const hasInstallOffer = (): boolean => offer !== null;

export async function takeInstallOffer(): Promise<void> {
  await offer?.prompt();
}

export const isInstalled = (): boolean => matchMedia('(display-mode: standalone)').matches;

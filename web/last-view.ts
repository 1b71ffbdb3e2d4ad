/** The main view that was open last on this device: where the next start begins. */
import { deviceNotes } from './browser-storage.ts';
import { MAIN_VIEWS } from './frame/nav-items.ts';

const KEY = 'larder:last-view';

export function rememberView(path: string): void {
  const main = MAIN_VIEWS.find((view) => view.path === path);
  if (main) deviceNotes.setItem(KEY, main.path);
}

export function startView(): string {
  const stored = deviceNotes.getItem(KEY);
  return MAIN_VIEWS.find((view) => view.path === stored)?.path ?? '/list';
}

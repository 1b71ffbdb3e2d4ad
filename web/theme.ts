/** Light, dark, or as the system says: a setting of this device, applied before the first paint. */
import { deviceNotes } from './browser-storage.ts';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'larder:theme';

export function readTheme(): Theme {
  const stored = deviceNotes.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function chooseTheme(theme: Theme): void {
  deviceNotes.setItem(KEY, theme);
  applyTheme(theme);
}

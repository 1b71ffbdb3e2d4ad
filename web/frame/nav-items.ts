/** The main views in the order of the sidebar; the bottom bar takes the first four. */
import {
  Activity,
  BookOpen,
  CalendarDays,
  type LucideIcon,
  Refrigerator,
  Settings,
  ShoppingBasket,
  Trash2,
} from 'lucide-react';

import { wordsForFrame } from '../text/frame.ts';

export interface NavItem {
  readonly path: string;
  readonly label: string;
  readonly Icon: LucideIcon;
}

export const MAIN_VIEWS: readonly NavItem[] = [
  { path: '/list', label: wordsForFrame.list, Icon: ShoppingBasket },
  { path: '/week', label: wordsForFrame.week, Icon: CalendarDays },
  { path: '/recipes', label: wordsForFrame.recipes, Icon: BookOpen },
  { path: '/pantry', label: wordsForFrame.pantry, Icon: Refrigerator },
];

export const OTHER_VIEWS: readonly NavItem[] = [
  { path: '/activity', label: wordsForFrame.activity, Icon: Activity },
  { path: '/trash', label: wordsForFrame.trash, Icon: Trash2 },
  { path: '/settings', label: wordsForFrame.settings, Icon: Settings },
];

export function isInView(path: string, view: string): boolean {
  return path === view || path.startsWith(`${view}/`);
}

/**
 * A menu behind ⋯: at most a handful of acts on one thing. Keyboard, type-ahead and focus come from
 * react-aria. `separated` starts a new group, where the destructive acts stand.
 */
import { Ellipsis } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu as AriaMenu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';

import buttonCss from './button.module.css';
import { cx } from './cx.ts';
import css from './menu.module.css';

export interface MenuAction {
  readonly id: string;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onPress: () => void;
}

export interface MenuProps {
  /** The name of the button: "More for Lasagne". */
  readonly label: string;
  readonly icon?: ReactNode;
  readonly actions: readonly MenuAction[];
}

export function Menu({ label, icon, actions }: MenuProps) {
  return (
    <MenuTrigger>
      <AriaButton aria-label={label} className={cx(buttonCss['icon'], buttonCss['quiet'])}>
        {icon ?? <Ellipsis size={20} />}
      </AriaButton>
      <Popover className={cx(css['popover'])} placement="bottom end">
        <AriaMenu
          aria-label={label}
          className={cx(css['menu'])}
          onAction={(key) => actions.find((action) => action.id === key)?.onPress()}
        >
          {actions.map((action) => (
            <MenuItem
              key={action.id}
              id={action.id}
              textValue={action.label}
              isDisabled={action.disabled ?? false}
              className={cx(css['item'], action.danger === true && css['danger'])}
            >
              {action.icon}
              <span>{action.label}</span>
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

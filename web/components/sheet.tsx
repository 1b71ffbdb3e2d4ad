/**
 * One thing on top of the view: from below on a phone, a centred dialogue or a panel at the end side on a
 * desktop. It traps focus, closes by Esc, by its ✕ and by a tap beside it, and gives focus back. It never
 * opens by itself. Content that belongs in the foot (the buttons) stays visible while the body scrolls.
 */
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { wordsForFrame } from '../text/frame.ts';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';
import css from './sheet.module.css';

export interface SheetProps {
  readonly title: string;
  readonly open: boolean;
  /** Without it the question has to be answered: there is no way out by Esc or ✕. */
  readonly onClose?: () => void;
  /**
   * Where it stands on a wide screen; on a phone all come from below, `panel` fills the height. A panel is
   * a view of its own in what it says, so its title is the first heading.
   */
  readonly place?: 'dialog' | 'panel';
  /** An alert dialogue asks something that must be answered: a tap beside it does nothing. */
  readonly alert?: boolean;
  readonly foot?: ReactNode;
  readonly children: ReactNode;
}

export function Sheet(props: SheetProps) {
  const { title, open, onClose, place = 'dialog', alert = false, foot, children } = props;
  return (
    <ModalOverlay
      className={cx(css['veil'], place === 'panel' && css['panel'])}
      isOpen={open}
      isDismissable={!alert}
      isKeyboardDismissDisabled={onClose === undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose?.();
      }}
    >
      <Modal className={cx(css['box'])}>
        <Dialog className={cx(css['inside'])} role={alert ? 'alertdialog' : 'dialog'}>
          <header className={css['head']}>
            <Heading slot="title" level={place === 'panel' ? 1 : 2} className={css['title'] ?? ''}>
              {title}
            </Heading>
            {onClose === undefined ? null : (
              <IconButton label={wordsForFrame.close} icon={<X size={20} />} onClick={onClose} />
            )}
          </header>
          <div className={css['body']}>{children}</div>
          {foot ? <footer className={css['foot']}>{foot}</footer> : null}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

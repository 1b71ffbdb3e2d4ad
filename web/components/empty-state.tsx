/** What a view says when there is nothing in it: one sentence that teaches, and what to press next. */
import type { ReactNode } from 'react';

import css from './empty-state.module.css';

export interface EmptyStateProps {
  readonly icon?: ReactNode;
  readonly title?: string;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

export function EmptyState({ icon, title, children, actions }: EmptyStateProps) {
  return (
    <div className={css['empty']}>
      {icon ? <div className={css['icon']}>{icon}</div> : null}
      {title ? <h2 className={css['title']}>{title}</h2> : null}
      <p className={css['words']}>{children}</p>
      {actions ? <div className={css['actions']}>{actions}</div> : null}
    </div>
  );
}

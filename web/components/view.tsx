/**
 * The frame inside a route: one `h1`, its actions, and the content in a column of at most 760 px. Screens
 * that need the full width (the week) say `wide`. `pane` stands beside it from 1280 px on.
 */
import { type ReactNode, useEffect } from 'react';

import { useHeadingFocus } from '../heading-focus.ts';
import { wordsForFrame } from '../text/frame.ts';
import { cx } from './cx.ts';
import css from './view.module.css';

export interface ViewProps {
  readonly title: string;
  /** The title is spoken but not drawn, where the content shows it in its own way (a recipe). */
  readonly titleHidden?: boolean;
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly pane?: ReactNode;
  readonly children: ReactNode;
}

export function View({
  title,
  titleHidden = false,
  actions,
  wide = false,
  pane,
  children,
}: ViewProps) {
  const heading = useHeadingFocus();
  useEffect(() => {
    document.title = wordsForFrame.documentTitle(title);
  }, [title]);
  return (
    <div
      className={cx(css['view'], wide && css['wideView'], pane !== undefined && css['withPane'])}
    >
      <div className={css['column']}>
        {titleHidden ? (
          <h1 ref={heading} tabIndex={-1} className="spoken">
            {title}
          </h1>
        ) : (
          <header className={css['head']}>
            <h1 ref={heading} tabIndex={-1} className={css['title']}>
              {title}
            </h1>
            {actions ? <div className={css['actions']}>{actions}</div> : null}
          </header>
        )}
        {children}
      </div>
      {pane === undefined ? null : <aside className={css['pane']}>{pane}</aside>}
    </div>
  );
}

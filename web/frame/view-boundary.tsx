/**
 * A crash in a view stays in that view: a card with what can be done, the rest works. A part of the app
 * that is gone from the server (an older tab after an update) asks for a reload instead. A class, because
 * React offers no other way to catch.
 */
import { Component, type ReactNode } from 'react';

import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { wordsForFrame } from '../text/frame.ts';

interface ViewBoundaryState {
  readonly error: unknown;
}

export class ViewBoundary extends Component<{ readonly children: ReactNode }, ViewBoundaryState> {
  override readonly state: ViewBoundaryState = { error: null };

  static getDerivedStateFromError(error: unknown): ViewBoundaryState {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const isOldTab = error instanceof TypeError && /module|import/iu.test(error.message);
    return (
      <EmptyState
        title={wordsForFrame.crashTitle}
        actions={
          isOldTab ? (
            <Button tone="primary" onClick={() => location.reload()}>
              {wordsForFrame.reload}
            </Button>
          ) : (
            <Button tone="primary" onClick={() => this.setState({ error: null })}>
              {wordsForFrame.tryAgain}
            </Button>
          )
        }
      >
        {isOldTab ? wordsForFrame.oldTab : wordsForFrame.crashWords}
      </EmptyState>
    );
  }
}

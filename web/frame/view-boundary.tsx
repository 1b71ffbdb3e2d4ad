/**
 * A crash in a view stays in that view: a card with what can be done, the rest works. What lies over a view
 * says it in a sheet, which closes. A part of the app that is gone from the server (an older tab after an
 * update) asks for a reload instead. A class, because React offers no other way to catch.
 */
import { Component, type ReactNode } from 'react';

import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { Sheet } from '../components/sheet.tsx';
import { wordsForFrame } from '../text/frame.ts';

interface ViewBoundaryProps {
  readonly children: ReactNode;
  /** Given for a sheet or a panel: the view under it stays in sight. */
  readonly onClose?: () => void;
}

interface ViewBoundaryState {
  readonly error: unknown;
}

export class ViewBoundary extends Component<ViewBoundaryProps, ViewBoundaryState> {
  override readonly state: ViewBoundaryState = { error: null };

  static getDerivedStateFromError(error: unknown): ViewBoundaryState {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    const { children, onClose } = this.props;
    if (error === null) return children;
    const isOldTab = error instanceof TypeError && /module|import/iu.test(error.message);
    const words = isOldTab ? wordsForFrame.oldTab : wordsForFrame.crashWords;
    const action = (
      <Button
        tone="primary"
        onClick={() => (isOldTab ? location.reload() : this.setState({ error: null }))}
      >
        {isOldTab ? wordsForFrame.reload : wordsForFrame.tryAgain}
      </Button>
    );
    return onClose === undefined ? (
      <EmptyState title={wordsForFrame.crashTitle} actions={action}>
        {words}
      </EmptyState>
    ) : (
      <Sheet title={wordsForFrame.crashTitle} open onClose={onClose} foot={action}>
        <p>{words}</p>
      </Sheet>
    );
  }
}

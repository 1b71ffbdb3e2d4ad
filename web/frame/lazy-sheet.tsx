/** Around a sheet or panel whose code comes when it is opened: what fails in it stays in it. */
import { type ReactNode, Suspense } from 'react';

import { ViewBoundary } from './view-boundary.tsx';

interface LazySheetProps {
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function LazySheet({ onClose, children }: LazySheetProps) {
  return (
    <ViewBoundary onClose={onClose}>
      <Suspense>{children}</Suspense>
    </ViewBoundary>
  );
}

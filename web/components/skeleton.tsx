/** Outlines of what is coming: shown only while the first answer of a query is on its way. */
import { wordsForFrame } from '../text/frame.ts';
import { cx } from './cx.ts';
import css from './skeleton.module.css';

export interface SkeletonProps {
  readonly kind?: 'rows' | 'cards' | 'text';
  readonly count?: number;
}

export function Skeleton({ kind = 'rows', count = 6 }: SkeletonProps) {
  return (
    <output className={cx(css['skeleton'], css[kind])}>
      <span className="spoken">{wordsForFrame.opening}</span>
      {Array.from({ length: count }, (_, index) => (
        <span key={index} className={css['part']} aria-hidden="true" />
      ))}
    </output>
  );
}

/** The words in which both ways of sending a bundle answer. */
import type { Refused } from './calls.ts';
import type { CommittedOwn } from './replay.ts';

/** What sending came to; both ways of sending answer in these words. */
export type Sent =
  /** `committed_remote` is stored; `own` where the rows came along. */
  | { readonly type: 'committed'; readonly own: CommittedOwn | null; readonly isCaughtUp: boolean }
  | { readonly type: 'refused'; readonly refused: Refused }
  /** This way of sending is not offered after all. */
  | { readonly type: 'unavailable' };

/**
 * A live query whose arguments change while someone types or steps: the last answer stays on screen until
 * the one for the new arguments is there, so that nothing flickers. `undefined` only before the first.
 */
import { useState } from 'react';

import type { QueryArgs, QueryName, QueryRows } from '../shared/queries.ts';
import { useQuery } from './kitchen.tsx';

export function useLatestQuery<Q extends QueryName>(
  query: Q,
  args: QueryArgs<Q>,
): QueryRows<Q> | undefined {
  const rows = useQuery(query, args);
  // Wrapped, because a state setter would call rows that happened to be a function.
  const [latest, setLatest] = useState({ rows });
  if (rows !== undefined && rows !== latest.rows) setLatest({ rows });
  return rows ?? latest.rows;
}

/** Who is signed in on this device, as the local database knows it: true offline too. */
import { useEffect, useState } from 'react';

import type { Account } from '../shared/rpc.ts';
import { useKitchen, useStatus } from './kitchen.tsx';

/** `undefined` until the first answer, `null` when nobody has signed in here. */
export function useAccount(): Account | null | undefined {
  const kitchen = useKitchen();
  const { phase, sourceId } = useStatus();
  const [account, setAccount] = useState<Account | null | undefined>(undefined);
  useEffect(() => {
    let current = true;
    const show = (found: Account | null): void => {
      if (current) setAccount(found);
    };
    kitchen.account().then(
      show,
      // A worker that is gone is told by the frame.
      () => undefined,
    );
    return () => {
      current = false;
    };
    // A new phase or source is how signing in and out shows on this side.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- see above
  }, [kitchen, phase, sourceId]);
  return account;
}

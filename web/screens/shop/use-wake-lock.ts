/**
 * Keeps the screen on while a view is open. The lock is lost whenever the page is hidden, so it is taken
 * again on return. Where the browser has none, or says no, the view tells that the screen may sleep.
 */
import { useEffect, useState } from 'react';

const CAN_STAY_AWAKE = 'wakeLock' in navigator;

export function useWakeLock(): { readonly maySleep: boolean } {
  const [maySleep, setMaySleep] = useState(!CAN_STAY_AWAKE);
  useEffect(() => {
    if (!CAN_STAY_AWAKE) return undefined;
    let left = false;
    let lock: WakeLockSentinel | null = null;
    const release = () => {
      lock?.release().catch(() => undefined);
      lock = null;
    };
    const keep = (taken: WakeLockSentinel): void => {
      lock = taken;
      setMaySleep(false);
      if (left) release();
    };
    const take = () => {
      if (document.visibilityState !== 'visible') return;
      navigator.wakeLock.request('screen').then(keep, () => setMaySleep(true));
    };
    take();
    document.addEventListener('visibilitychange', take);
    return () => {
      left = true;
      document.removeEventListener('visibilitychange', take);
      release();
    };
  }, []);
  return { maySleep };
}

/** Lets one run through at a time and turns away whoever comes meanwhile. */
export function createTurnstile(
  onBusy: (busy: boolean) => void,
): (work: () => Promise<unknown>) => Promise<void> {
  let isBusy = false;
  const tell = (next: boolean): void => {
    isBusy = next;
    onBusy(next);
  };
  return async (work) => {
    if (isBusy) return;
    tell(true);
    try {
      await work();
    } finally {
      tell(false);
    }
  };
}

/** Chromium keeps OPFS directories and IndexedDB in LevelDB; Firefox and WebKit do not (storage.md §6). */
export function isChromium(): boolean {
  const { userAgentData } = navigator as WorkerNavigator & {
    readonly userAgentData?: { readonly brands: readonly { readonly brand: string }[] };
  };
  return userAgentData?.brands.some(({ brand }) => brand === 'Chromium') ?? false;
}

/** Hands a text to the browser as a file to keep. Whether it was kept, only the person knows. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** The day in the name tells two files apart. */
export const rowsFileName = (what: 'unsent' | 'replaced'): string =>
  `larder-${what}-${new Date().toISOString().slice(0, 10)}.json`;

/**
 * Finds the picture that a recipe names: inside the text itself (`data:` addresses) or among the files that
 * were picked together with it, by file name. Pictures are never fetched from the web: an import must not
 * tell a stranger's server what is being cooked here.
 */

/** "photos/Apple%20pie.webp?w=200" and "Apple pie.WEBP" are the same name. */
export const photoName = (reference: string): string => {
  const path = reference.split(/[?#]/u)[0] ?? '';
  const name = path.split(/[/\\]/u).at(-1) ?? '';
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    // A stray percent sign: the name is taken as it is written.
    return name.toLowerCase();
  }
};

const dataAddress = /^data:(image\/[a-z0-9.+-]+)(?:;[^,;]+)*;base64,([A-Za-z0-9+/=\s]+)$/iu;

/** The picture inside a `data:` address, or null when it is none. */
export const dataAddressToBlob = (address: string): Blob | null => {
  const [, mime, text] = dataAddress.exec(address) ?? [];
  if (mime === undefined || text === undefined) return null;
  try {
    const binary = atob(text.replace(/\s/gu, ''));
    const bytes = Uint8Array.from(binary, (character) => character.codePointAt(0) ?? 0);
    return new Blob([bytes], { type: mime.toLowerCase() });
  } catch {
    // Not base64 after all.
    return null;
  }
};

export const isPictureFile = (file: File): boolean =>
  file.type.startsWith('image/') || /\.(?:webp|jpe?g|png|gif|avif|heic)$/iu.test(file.name);

/** Where the picture of a recipe comes from, before it is read. */
export const findPhoto = (
  image: string | null,
  filesByName: ReadonlyMap<string, Blob>,
): Blob | null => {
  if (image === null) return null;
  return dataAddressToBlob(image) ?? filesByName.get(photoName(image)) ?? null;
};

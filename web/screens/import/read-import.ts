/**
 * From picked files and pasted text to a preview: texts are read as recipes, pictures are matched by name
 * and made small. Nothing is written, nothing is fetched. Photos are read one after the other, because a
 * phone cannot hold forty decoded pictures at once.
 */
import type { RecipeImport } from '../../../shared/acts/acts.ts';
import {
  importLimits,
  type ImportReading,
  readRecipes,
} from '../../../shared/domain/recipe-jsonld.ts';
import type { ImportProblem, ProblemKind } from '../../../shared/domain/recipe-node.ts';
import { encodePhoto } from '../../photo.ts';
import type { PhotoState } from './preview-rows.ts';
import { findPhoto, isPictureFile, photoName } from './photo-files.ts';

/** Everything that an import could write, with what has to be said about it. */
export interface ImportPlan {
  readonly recipes: readonly RecipeImport[];
  readonly photos: readonly PhotoState[];
  readonly problems: readonly ImportProblem[];
  /** Pictures that no recipe names. */
  readonly unusedPhotos: number;
}

const failedFile = (what: ProblemKind, file: File): ImportReading => ({
  recipes: [],
  images: [],
  problems: [{ recipe: '', what, text: file.name }],
});

/** A folder that was dropped, or a file that went away since, cannot be read: it is named, the rest counts. */
async function readFile(file: File): Promise<ImportReading> {
  // The reader refuses by length; a file of gigabytes must not even be loaded.
  if (file.size > importLimits.charactersMax) return failedFile('too-large', file);
  try {
    return readRecipes(await file.text());
  } catch {
    return failedFile('unreadable', file);
  }
}

const readTexts = async (texts: readonly string[], files: readonly File[]) => {
  const readings: ImportReading[] = texts.map(readRecipes);
  for (const file of files) readings.push(await readFile(file));
  return readings;
};

/** What cannot be read is named in the plan; whatever else goes wrong is an answer too, never a wait. */
export async function readImport(
  texts: readonly string[],
  files: readonly File[],
  onPhoto: (done: number, all: number) => void,
): Promise<ImportPlan> {
  try {
    return await readAll(texts, files, onPhoto);
  } catch {
    const problems: readonly ImportProblem[] = [{ recipe: '', what: 'unreadable', text: '' }];
    return { recipes: [], photos: [], problems, unusedPhotos: 0 };
  }
}

const readAll = async (
  texts: readonly string[],
  files: readonly File[],
  onPhoto: (done: number, all: number) => void,
): Promise<ImportPlan> => {
  const pictures = files.filter(isPictureFile);
  const readings = await readTexts(
    texts,
    files.filter((file) => !isPictureFile(file)),
  );
  const filesByName = new Map<string, Blob>(pictures.map((file) => [photoName(file.name), file]));
  const images = readings.flatMap((reading) => reading.images);
  const found = images.map((image) => findPhoto(image, filesByName));
  const all = found.filter((blob) => blob !== null).length;

  const recipes: RecipeImport[] = [];
  const photos: PhotoState[] = [];
  let done = 0;
  for (const [index, recipe] of readings.flatMap((reading) => reading.recipes).entries()) {
    const blob = found[index] ?? null;
    if (blob === null) {
      recipes.push({ ...recipe, photo: null });
      photos.push((images[index] ?? null) === null ? 'none' : 'missing');
      continue;
    }
    const photo = await encodePhoto(blob);
    done += 1;
    onPhoto(done, all);
    recipes.push({ ...recipe, photo: photo.ok ? photo.value : null });
    photos.push(photo.ok ? 'found' : 'unreadable');
  }
  const used = new Set<Blob>(found.filter((blob) => blob !== null));
  return {
    recipes,
    photos,
    problems: readings.flatMap((reading) => reading.problems),
    unusedPhotos: pictures.filter((picture) => !used.has(picture)).length,
  };
};

/** Earlier versions of a recipe: sides that lost to another device, each to be brought back. */
import type { RecipeView } from '../../../shared/queries.ts';
import { Sheet } from '../../components/sheet.tsx';
import { wordsForVersions as text } from '../../text/choices.ts';
import { VersionsList } from '../choices/versions-list.tsx';

export function VersionsSheet(props: {
  readonly recipe: RecipeView;
  readonly onClose: () => void;
}) {
  return (
    <Sheet title={text.of(props.recipe.title)} open onClose={props.onClose}>
      <p>{text.intro}</p>
      <VersionsList ids={[props.recipe.id]} />
    </Sheet>
  );
}

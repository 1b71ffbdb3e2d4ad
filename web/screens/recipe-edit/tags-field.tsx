/** Tags as chips with a ✕ each, and one field that adds: Enter or a comma ends a name. */
import { type KeyboardEvent, useId } from 'react';

import { Chip } from '../../components/chip.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useQuery } from '../../kitchen.tsx';
import { recipeEditText as text } from '../../text/recipes.ts';
import css from './recipe-edit-screen.module.css';
import { type RecipeForm, tagsOf } from './recipe-form.ts';

type Tags = Partial<Pick<RecipeForm, 'tags' | 'tag'>>;

export interface TagsFieldProps {
  readonly tags: readonly string[];
  /** What stands in the field. */
  readonly tag: string;
  readonly error: string | null;
  readonly onTags: (changed: Tags) => void;
}

export function TagsField({ tags, tag: typed, error, onTags }: TagsFieldProps) {
  const known = useQuery('tags', {});
  const listId = useId();

  // Not on leaving the field: a chip that appears then would move the button that is being pressed.
  const add = (tag: string) => onTags({ tags: tagsOf({ tags, tag }), tag: '' });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || typed.trim() === '') return;
    event.preventDefault();
    add(typed);
  };

  return (
    <div className={css['tags']}>
      {tags.length === 0 ? null : (
        <span className={css['tagChips']}>
          {tags.map((tag) => (
            <Chip
              key={tag}
              remove={{
                label: text.removeTag(tag),
                onPress: () => onTags({ tags: tags.filter((other) => other !== tag) }),
              }}
            >
              {tag}
            </Chip>
          ))}
        </span>
      )}
      <TextField
        label={text.addTag}
        placeholder={text.tagPlaceholder}
        list={listId}
        autoComplete="off"
        error={error}
        value={typed}
        onKeyDown={onKeyDown}
        onValue={(value) => (value.includes(',') ? add(value) : onTags({ tag: value }))}
      />
      <datalist id={listId}>
        {(known ?? []).map((tag) => (
          <option key={tag.id}>{tag.name}</option>
        ))}
      </datalist>
    </div>
  );
}

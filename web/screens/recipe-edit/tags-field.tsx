/** Tags as chips with a ✕ each, and one field that adds: Enter or a comma ends a name. */
import { type KeyboardEvent, useId, useState } from 'react';

import { nameKey } from '../../../shared/domain/name-key.ts';
import { Chip } from '../../components/chip.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useQuery } from '../../kitchen.tsx';
import { recipeEditText as text } from '../../text/recipes.ts';
import css from './recipe-edit-screen.module.css';
import { lengthMax } from './recipe-form.ts';

export interface TagsFieldProps {
  readonly tags: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
}

export function TagsField({ tags, onTags }: TagsFieldProps) {
  const known = useQuery('tags', {});
  const listId = useId();
  const [typed, setTyped] = useState('');

  const add = (words: string) => {
    const have = new Set(tags.map(nameKey));
    const fresh = words
      .split(',')
      .map((word) => word.trim().slice(0, lengthMax.tag))
      .filter((word) => word !== '' && !have.has(nameKey(word)));
    if (fresh.length > 0) onTags([...tags, ...fresh]);
    setTyped('');
  };
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
                onPress: () => onTags(tags.filter((other) => other !== tag)),
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
        maxLength={lengthMax.tag}
        value={typed}
        onKeyDown={onKeyDown}
        onBlur={() => add(typed)}
        onValue={(value) => (value.includes(',') ? add(value) : setTyped(value))}
      />
      <datalist id={listId}>
        {(known ?? []).map((tag) => (
          <option key={tag.id}>{tag.name}</option>
        ))}
      </datalist>
    </div>
  );
}

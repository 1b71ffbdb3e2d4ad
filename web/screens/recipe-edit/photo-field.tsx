/**
 * The photo of a recipe in its form: pick or drop a picture, it is made small at once. Of a stored recipe
 * a photo is an act of its own; of a new one it waits for Save. The parent decides which.
 */
import { ImagePlus, Trash2 } from 'lucide-react';
import { type DragEvent, useCallback, useRef, useState } from 'react';

import type { PhotoDraft } from '../../../shared/acts/acts.ts';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { Photo } from '../../components/photo.tsx';
import { encodePhoto } from '../../photo.ts';
import { recipeEditText as text } from '../../text/recipes.ts';
import css from './recipe-edit-screen.module.css';

export interface PhotoFieldProps {
  readonly title: string;
  /** The stored photo, if there is one. */
  readonly photoId: string | null;
  /** The photo of a recipe that is not saved yet. */
  readonly draft: PhotoDraft | null;
  readonly onPhoto: (photo: PhotoDraft | null) => void;
}

export function PhotoField({ title, photoId, draft, onPhoto }: PhotoFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<'idle' | 'reading' | 'unreadable' | 'too-large'>('idle');
  const [over, setOver] = useState(false);
  const has = photoId !== null || draft !== null;

  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    setState('reading');
    const photo = await encodePhoto(file);
    setState(photo.ok ? 'idle' : photo.error.type);
    if (photo.ok) onPhoto(photo.value);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is a second way; the button does the same
    <fieldset
      aria-label={text.photo}
      className={cx(css['photoField'], over && css['over'])}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {draft === null ? (
        <Photo photoId={photoId} alt="" title={title} hue={0} className={css['photo'] ?? ''} />
      ) : (
        <DraftPhoto photo={draft} />
      )}
      <div className={css['photoActions']}>
        <input
          ref={input}
          type="file"
          accept="image/*"
          className="spoken"
          tabIndex={-1}
          aria-label={text.photo}
          onChange={(event) => {
            void take(event.target.files?.[0]);
            // The same file can be picked again after it was removed.
            event.target.value = '';
          }}
        />
        <Button
          icon={<ImagePlus size={18} aria-hidden="true" />}
          disabled={state === 'reading'}
          onClick={() => input.current?.click()}
        >
          {has ? text.changePhoto : text.addPhoto}
        </Button>
        {has ? (
          <Button
            tone="quiet"
            icon={<Trash2 size={18} aria-hidden="true" />}
            onClick={() => onPhoto(null)}
          >
            {text.removePhoto}
          </Button>
        ) : null}
        <output className={css['photoState']}>
          {state === 'reading' ? text.photoReading : null}
          {state === 'unreadable' ? text.photoUnreadable : null}
          {state === 'too-large' ? text.photoTooLarge : null}
          {state === 'idle' && draft !== null
            ? text.photoSize(Math.ceil(draft.bytes.byteLength / 1024))
            : null}
        </output>
      </div>
    </fieldset>
  );
}

/** The blob address lives exactly as long as the picture is on screen. */
function DraftPhoto({ photo }: { readonly photo: PhotoDraft }) {
  const show = useCallback(
    (image: HTMLImageElement) => {
      const url = URL.createObjectURL(
        new Blob([new Uint8Array(photo.bytes)], { type: photo.mime }),
      );
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [photo],
  );
  return <img ref={show} alt="" className={css['photo']} />;
}

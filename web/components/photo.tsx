/**
 * A recipe's photo out of the local database, shown through a blob address that is given back when the
 * photo leaves the screen. Without a photo: a paper tile with the first letter in serif and a hue.
 */
import { useEffect, useState } from 'react';

import { useQuery } from '../kitchen.tsx';
import { cx } from './cx.ts';
import { hueStyle } from './hue.ts';
import css from './photo.module.css';

export interface PhotoProps {
  readonly photoId: string | null;
  /** What is on it; empty where the title stands beside it. */
  readonly alt: string;
  /** The title of the recipe, for the tile's letter. */
  readonly title: string;
  readonly hue: number;
  readonly className?: string;
}

export function Photo({ photoId, alt, title, hue, className }: PhotoProps) {
  return photoId === null ? (
    <Tile {...{ alt, title, hue }} className={className} />
  ) : (
    <StoredPhoto key={photoId} {...{ photoId, alt, title, hue }} className={className} />
  );
}

function StoredPhoto(props: {
  readonly photoId: string;
  readonly alt: string;
  readonly title: string;
  readonly hue: number;
  readonly className: string | undefined;
}) {
  const photo = useQuery('photo', { id: props.photoId });
  // A photo is replaced, never edited: the same id that arrives again is the same picture. Making a new
  // address for it would take the old one away while the browser may still be reading it.
  const [kept, setKept] = useState(photo);
  if (!kept && photo) setKept(photo);
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!kept) return undefined;
    const url = URL.createObjectURL(new Blob([new Uint8Array(kept.bytes)], { type: kept.mime }));
    // oxlint-disable-next-line react/set-state-in-effect -- the address is made and given back here
    setAddress(url);
    return () => URL.revokeObjectURL(url);
  }, [kept]);
  if (photo === null || address === null) {
    return <Tile alt={props.alt} title={props.title} hue={props.hue} className={props.className} />;
  }
  return <img className={cx(css['photo'], props.className)} src={address} alt={props.alt} />;
}

function Tile(props: {
  readonly alt: string;
  readonly title: string;
  readonly hue: number;
  readonly className: string | undefined;
}) {
  // The first letter, not the quotation mark before it; a title of signs alone has none.
  const letter = /\p{L}|\p{N}/u.exec(props.title)?.[0].toLocaleUpperCase() ?? '';
  const named =
    props.alt === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': props.alt };
  return (
    <div className={cx(css['tile'], props.className)} style={hueStyle(props.hue)} {...named}>
      <span className={css['letter']}>{letter}</span>
    </div>
  );
}

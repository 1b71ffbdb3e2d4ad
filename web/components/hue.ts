/**
 * Hues 0-11 of aisles and tags as a style: `--hue` names the token. Style objects go through the CSSOM,
 * which the content security policy allows, unlike style attributes in HTML.
 */
import type { CSSProperties } from 'react';

const HUES = 12;

export function hueStyle(hue: number): CSSProperties {
  const index = ((Math.trunc(hue) % HUES) + HUES) % HUES;
  return { '--hue': `var(--hue-${index})` } as CSSProperties;
}

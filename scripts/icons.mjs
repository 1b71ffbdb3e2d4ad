/**
 * Draws the icons of web/public/icons from the shapes below: `node scripts/icons.mjs`. Run it when the
 * mark changes; the files are committed, so that nobody needs a browser to build.
 *
 * The mark is a preserving jar seen from the front; the surface of its contents rises on the right
 * into a tick. Drawn on a square of 512.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { ensureBrowser } from './browser.mjs';

const folder = join(import.meta.dirname, '../web/public/icons');
const bay = '#2B6541';
const cream = '#FBF9F4';

const lid = '<rect x="168" y="84" width="176" height="44" rx="14"/>';
const band = '<rect x="184" y="140" width="144" height="20" rx="8"/>';
const glass =
  'M184 176c0 22-40 30-40 74v134c0 26 18 44 44 44h136c26 0 44-18 44-44V250c0-44-40-52-40-74z';
const contents = 'M170 300h46l36 40 90-108v150c0 13-8 22-22 22H192c-14 0-22-9-22-22z';
const tick = 'M176 306h40l36 40 84-104';

const jar = (color) => `
  <g fill="${color}">${lid}${band}<path d="${contents}"/></g>
  <path d="${glass}" fill="none" stroke="${color}" stroke-width="22" stroke-linejoin="round"/>`;

/** Outline and tick: what is left of the mark when there is one colour, or little room. */
const outline = (color, width) => `
  <g fill="${color}">${lid}</g>
  <path d="${glass}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"/>
  <path d="${tick}" fill="none" stroke="${color}" stroke-width="${width + 6}" stroke-linecap="round" stroke-linejoin="round"/>`;

const svg = (content, size = 512) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 512 512">${content}</svg>`;

const scaled = (content, factor) =>
  `<g transform="translate(256 256) scale(${factor}) translate(-256 -256)">${content}</g>`;

const ground = (radius) => `<rect width="512" height="512" rx="${radius}" fill="${bay}"/>`;

const glyph = (paths) =>
  `${ground(112)}<g fill="none" stroke="${cream}" stroke-width="40" stroke-linecap="round" stroke-linejoin="round">${paths}</g>`;

const drawings = [
  ['192.png', 192, ground(96) + jar(cream)],
  ['512.png', 512, ground(96) + jar(cream)],
  // The safe zone of a maskable icon is the middle 80 %; the jar stays well inside.
  ['maskable-512.png', 512, ground(0) + scaled(jar(cream), 0.8)],
  ['mono-512.png', 512, outline('#000', 26)],
  ['apple-touch-180.png', 180, ground(0) + scaled(jar(cream), 0.9)],
  ['add-96.png', 96, glyph('<path d="M256 136v240M136 256h240"/>')],
  ['shop-96.png', 96, glyph('<path d="M128 184h256l-28 200H156zM196 184c0-80 120-80 120 0"/>')],
  ['week-96.png', 96, glyph('<path d="M128 168h256v216H128zM128 240h256M192 128v56M320 128v56"/>')],
];

const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="96 64 320 384">
  <style>
    svg { color: ${bay}; }
    @media (prefers-color-scheme: dark) { svg { color: #83C896; } }
  </style>${outline('currentColor', 34)}
</svg>
`;

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'icon.svg'), favicon);
const executablePath = await ensureBrowser();
if (executablePath === null) throw new Error('no browser to draw with');
const browser = await chromium.launch({
  ...(executablePath === '' ? {} : { executablePath }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();
for (const [name, size, content] of drawings) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg(content, size)}`);
  const clip = { x: 0, y: 0, width: size, height: size };
  writeFileSync(join(folder, name), await page.screenshot({ clip, omitBackground: true }));
}
await browser.close();

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readShared, type Shared, type SharedUse, sortShared } from './share.ts';

const shared = (part: Partial<Shared>): Shared => ({ title: '', text: '', url: '', ...part });

test.each<[string, Partial<Shared>, SharedUse]>([
  [
    'a page with its address',
    { title: 'Pea soup', url: 'https://example.test/soup' },
    { type: 'link', title: 'Pea soup', link: 'https://example.test/soup' },
  ],
  [
    'an address at the end of the text, as Android shares it',
    { text: 'Pea soup\nhttps://example.test/soup' },
    { type: 'link', title: 'Pea soup', link: 'https://example.test/soup' },
  ],
  [
    'an address alone',
    { text: ' https://example.test/soup ' },
    { type: 'link', title: '', link: 'https://example.test/soup' },
  ],
  ['lines', { title: 'Note', text: '2 l milk\neggs' }, { type: 'lines', text: '2 l milk\neggs' }],
  ['a title alone', { title: 'milk' }, { type: 'lines', text: 'milk' }],
  ['the source of a page', { text: '<html></html>' }, { type: 'source', text: '<html></html>' }],
  [
    'an address that is none',
    { text: 'milk', url: 'javascript:x' },
    { type: 'lines', text: 'milk' },
  ],
  ['nothing', { text: ' \n ' }, { type: 'nothing' }],
])('[UI-280] what was shared becomes what it is: %s', (_what, part, use) => {
  expect(sortShared(shared(part))).toEqual(use);
});

test('[UI-280] no text is dropped that is not blank, and none makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (title, text, url) => {
      const use = sortShared({ title, text, url });
      expect(use.type === 'nothing').toBe(
        `${title}${text}`.trim() === '' && !/^\s*https?:\/\//.test(url),
      );
    }),
  );
});

test('[UI-281] a draft survives its way through the cache, and anything else is none', () => {
  const draft = shared({ text: 'milk' });
  expect(readShared(JSON.stringify(draft))).toEqual(draft);
  for (const broken of ['', '{', 'null', '3', '{"title":1}']) expect(readShared(broken)).toBe(null);
});

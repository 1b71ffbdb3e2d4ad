import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readShared, type Shared, type SharedUse, sortShared } from './share.ts';

const shared = (part: Partial<Shared>): Shared => ({ title: '', text: '', url: '', ...part });

test.each<[string, Partial<Shared>, SharedUse]>([
  [
    'a page with its address',
    { title: 'Pea soup', url: 'https://example.test/soup' },
    { type: 'link', title: 'Pea soup', link: 'https://example.test/soup', notes: '' },
  ],
  [
    'an address at the end of the text, as Android shares it',
    { text: 'Pea soup\nhttps://example.test/soup' },
    { type: 'link', title: 'Pea soup', link: 'https://example.test/soup', notes: '' },
  ],
  [
    'an address alone',
    { text: ' https://example.test/soup ' },
    { type: 'link', title: '', link: 'https://example.test/soup', notes: '' },
  ],
  [
    'lines, under their title',
    { title: 'Bread', text: '2 l milk\neggs' },
    { type: 'lines', text: 'Bread\n2 l milk\neggs' },
  ],
  [
    'a line that begins with a box or a heart',
    { text: '[ ] milk\n<3 eggs' },
    { type: 'lines', text: '[ ] milk\n<3 eggs' },
  ],
  [
    'a whole recipe with a link at its end',
    { title: 'Pea soup', text: '500 g peas\n1 onion\nhttps://example.test/soup' },
    {
      type: 'link',
      title: 'Pea soup',
      link: 'https://example.test/soup',
      notes: '500 g peas\n1 onion',
    },
  ],
  [
    'a page with some words and its address',
    { title: 'Pea soup', text: 'Try this https://example.test/soup' },
    { type: 'link', title: 'Pea soup', link: 'https://example.test/soup', notes: 'Try this' },
  ],
  [
    'one line beside a title',
    { title: 'Bread', text: '2 l milk' },
    { type: 'lines', text: 'Bread, 2 l milk' },
  ],
  [
    'a whole recipe whose first line is its title',
    { text: 'Pea soup\r\n500 g peas\r\nhttps://example.test/soup' },
    {
      type: 'link',
      title: 'Pea soup',
      link: 'https://example.test/soup',
      notes: '500 g peas',
    },
  ],
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

const someText = fc
  .array(fc.constantFrom('peas', '2 l', ',', '\n', ' ', 'x', '[ ]', '<3'))
  .map((parts) => parts.join(' '));
const someLink = fc.constantFrom('', 'https://example.test/a', ' http://example.test/b?c ');

test('[UI-453] every word that was shared is in what becomes of it', () => {
  fc.assert(
    fc.property(someText, someText, someLink, someLink, (title, words, end, url) => {
      const given = shared({ title, text: `${words}\n${end}`, url });
      const use = sortShared(given);
      const taken = 'link' in use ? `${use.title}\n${use.notes}\n${use.link}` : JSON.stringify(use);
      const all = `${title} ${words} ${end} ${url}`.split(/\s+/).filter(Boolean);
      expect(all.filter((word) => !taken.includes(word))).toEqual([]);
    }),
  );
});

test('[UI-281] a draft survives its way through the cache, and anything else is none', () => {
  const draft = shared({ text: 'milk' });
  expect(readShared(JSON.stringify(draft))).toEqual(draft);
  for (const broken of ['', '{', 'null', '3', '{"title":1}']) expect(readShared(broken)).toBe(null);
});

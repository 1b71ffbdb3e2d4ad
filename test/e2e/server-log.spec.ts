/** The log of the server is for whoever runs it: what people type is none of their business. */
import { expect, newPerson, signIn, signUp, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

test('[OPS-290] nothing that people type is in the log of the server, at its most talkative', async ({
  device,
  larder,
}) => {
  const zerlina = { ...newPerson('Zerlina'), password: 'Quendel und Estragon' };
  const laptop = await device();
  const tab = await laptop.openTab();
  await signUp(tab, zerlina);
  await tab.perform('list.add', { entries: [line('Xylophone crumbs')] });
  await tab.settled();
  await signIn(await (await device()).openTab(), zerlina);
  const code = await tab.page.evaluate(async () => {
    const json = { 'content-type': 'application/json' };
    const post = (path: string, body: string): Promise<Response> =>
      fetch(path, { method: 'POST', headers: json, body });
    await post('/api/auth/sign-in/email', '{"email":"wolfram@example.test","password":"Estragon"}');
    await post('/api/auth/sign-in/email', '{"email":"wolfram@');
    await post('/sync/push-sessions', '{"source_bundle_id":"Xylophone"}');
    await post('/sync/push', '{"note":{"label":"Xylophone"}');
    await fetch('/sync/pull?after_bundle_seq=Xylophone');
    await fetch('/recipes/Xylophone?q=wolfram');
    const invited = await post('/api/household/invites', '{}');
    const made = ((await invited.json()) as { readonly code: string }).code;
    await post('/api/household/join', JSON.stringify({ code: `${made}Q` }));
    return made;
  });

  const log = larder.log();
  const requests = log.split('\n').filter((each) => each.includes('"route"'));
  expect(requests.length, 'there is a log to look into').toBeGreaterThan(20);
  const typed = [zerlina.name, zerlina.email, 'Quendel', 'Estragon', 'Xylophone', 'wolfram', code];
  expect(typed.filter((words) => log.includes(words))).toEqual([]);
  // The label of the act's note, and the bundle's hash of what was typed.
  expect(log).not.toMatch(/Added|[0-9a-f]{64}/);
});

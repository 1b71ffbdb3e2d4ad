/** The OpenAPI document: the checked-in file is what the server serves, and it names what there is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operations } from '../../api/routes/openapi-operations.ts';
import { createOpenapiRoutes, describeOpenapi } from '../../api/routes/openapi.ts';
import { errorCodes } from '../../shared/protocol/errors.ts';

const path = join(import.meta.dirname, '../../docs/openapi.json');
// `UPDATE_OPENAPI=1 npx vitest run test/contract/openapi.test.ts` writes the file; then run oxfmt on it.
if (process.env['UPDATE_OPENAPI'] === '1') {
  writeFileSync(path, `${JSON.stringify(describeOpenapi(), null, 2)}\n`);
}

test('[OPS-132] docs/openapi.json is the document that the schemas make', async () => {
  const document: unknown = JSON.parse(JSON.stringify(describeOpenapi()));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(document);
  const served = await createOpenapiRoutes().request('/api/openapi.json');
  expect(served.headers.get('content-type')).toBe('application/json');
  expect(await served.json()).toEqual(document);
});

test('[OPS-133] every error code but the reserved one belongs to an operation', () => {
  const text = JSON.stringify(describeOpenapi());
  // 405 is the answer to a method that no operation has.
  const unnamed = Object.keys(errorCodes).filter((code) => !text.includes(`"${code}"`));
  expect(unnamed).toEqual(['connect_invalid', 'method_not_allowed']);
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});

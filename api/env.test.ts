import { expect, test } from 'vitest';
import { decodeEnv } from './env.ts';

const folder = '/srv/larder';

test('[OPS-70] an empty environment means loopback, the embedded database and a folder of its own', () => {
  expect(decodeEnv({}, folder)).toEqual({
    ok: true,
    value: {
      host: '127.0.0.1',
      port: 4700,
      databaseUrl: null,
      dataDir: '/srv/larder/.larder',
      publicUrl: null,
      trustProxy: false,
      allowsOtherOrigins: false,
      isWatchOn: true,
      signInsPerQuarterHour: 10,
      secret: null,
      operatorToken: null,
      logLevel: 'info',
    },
  });
});

test('[OPS-70] an empty variable counts as absent', () => {
  expect(decodeEnv({ PORT: '', DATABASE_URL: ' ' }, folder)).toEqual(decodeEnv({}, folder));
});

test('[OPS-71] an address other than loopback needs a public https address', () => {
  const refused = decodeEnv({ HOST: '0.0.0.0' }, folder);
  expect(refused.ok ? '' : refused.error).toMatch(/LARDER_PUBLIC_URL/);
  const allowed = decodeEnv(
    { HOST: '0.0.0.0', LARDER_PUBLIC_URL: 'https://larder.example' },
    folder,
  );
  expect(allowed.ok && allowed.value.publicUrl).toBe('https://larder.example');
});

test.each([
  ['PORT', '70000'],
  ['PORT', 'http'],
  ['DATABASE_URL', 'mysql://u:secret@h/d'],
  ['DATABASE_URL', 'secret'],
  ['LARDER_PUBLIC_URL', 'http://larder.example'],
  ['LARDER_PUBLIC_URL', 'https://larder.example/kitchen'],
  ['LARDER_SECRET', 'secret'],
  ['LARDER_LOG_LEVEL', 'loud'],
  ['LARDER_SIGN_INS_PER_QUARTER_HOUR', '0'],
])('[OPS-72] %s=%s is refused in one sentence that names the variable', (name, value) => {
  const decoded = decodeEnv({ [name]: value }, folder);
  expect(decoded.ok).toBe(false);
  const line = decoded.ok ? '' : decoded.error;
  expect(line).toContain(name);
  expect(line).not.toContain('\n');
  expect(line).not.toContain('secret');
});

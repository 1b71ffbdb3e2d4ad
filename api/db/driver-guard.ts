/**
 * Mends one fault of postgres.js 3.4.9, as a text transform of the build and of the tests, so that no
 * installed file is edited. When the server vanishes while a flush is scheduled, the driver writes to a
 * socket that it has already let go of; the TypeError comes out of a scheduler callback where no `try`
 * can see it and ends the process. Guarded, the queries that wait on the connection are settled as closed
 * instead: only leaving the write out would let their callers wait for ever.
 *
 * The text must match exactly once. Another version of the driver that no longer has it stops the build,
 * so that somebody looks whether the fault is gone.
 */
const FAULT = `  function nextWrite(fn) {
    const x = socket.write(chunk, fn)
`;

const MENDED = `  function nextWrite(fn) {
    if (socket === null) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      const lost = Errors.connection('CONNECTION_CLOSED', options)
      errored(lost)
      while (sent.length)
        queryError(sent.shift(), lost)
      return false
    }
    const x = socket.write(chunk, fn)
`;

export const isDriverFile = (id: string): boolean =>
  id.replaceAll('\\', '/').split('?')[0]?.endsWith('/node_modules/postgres/src/connection.js') ===
  true;

export function guardDriver(code: string): string {
  const parts = code.split(FAULT);
  if (parts.length !== 2) {
    throw new Error(
      'postgres.js changed: look at api/db/driver-guard.ts before using this version',
    );
  }
  return parts.join(MENDED);
}

/** For `plugins` of a Vite build or test project that does not leave `postgres` outside. */
export const driverGuard = () => ({
  name: 'larder-driver-guard',
  enforce: 'pre' as const,
  transform: (code: string, id: string): { code: string; map: null } | null =>
    isDriverFile(id) ? { code: guardDriver(code), map: null } : null,
});

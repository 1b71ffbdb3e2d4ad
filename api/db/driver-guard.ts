/**
 * Mends three faults of postgres.js 3.4.9, as text transforms of the build and of the tests, so that no
 * installed file is edited.
 *
 * First: when the server vanishes while a flush is scheduled, the driver writes to a
 * socket that it has already let go of; the TypeError comes out of a scheduler callback where no `try`
 * can see it and ends the process. Guarded, the queries that wait on the connection are settled as closed
 * instead: only leaving the write out would let their callers wait for ever.
 *
 * Second: when a connection closes while a write is scheduled, the driver cancels the write but remembers it
 * as scheduled, with the bytes that were waiting. Whatever the connection writes afterwards is then never
 * sent, a `rollback` or the start of the next session included, and its caller waits for ever (seen after a
 * few kills of Postgres under load).
 *
 * Third: when the connection of a transaction closes, statements of it that were waiting their turn are never
 * settled, and those that come later (its own `rollback` first of all) are put on the same connection while it
 * is made anew for somebody else: they wait for ever there, with everything behind them, or run inside the
 * other transaction. Mended, a transaction whose connection is gone settles what waits and refuses what comes.
 *
 * Each text must match exactly once. Another version of the driver that no longer has it stops the build,
 * so that somebody looks whether the fault is gone.
 */
const WRITE_FAULT = `  function nextWrite(fn) {
    const x = socket.write(chunk, fn)
`;

const WRITE_MENDED = `  function nextWrite(fn) {
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

const CLOSE_FAULT = `    incomings = null
    clearImmediate(nextWriteTimer)
    socket.removeListener('data', data)
`;

const CLOSE_MENDED = `    incomings = null
    clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
    socket.removeListener('data', data)
`;

const LOST_FAULT = `      , prepare = null
`;

const LOST_MENDED = `      , prepare = null
      , lost = null
`;

const ORPHANS_FAULT = `        new Promise((_, reject) => connection.onclose = reject)
`;

const ORPHANS_MENDED = `        new Promise((_, reject) => connection.onclose = e => {
          lost = e
          while (queries.length)
            queries.shift().reject(e)
          reject(e)
        })
`;

const LATE_FAULT = `        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue === full
`;

const LATE_MENDED = `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost)
          return q.reject(lost)
        c.queue === full
`;

type Repair = readonly [fault: string, mended: string];

/** By the end of the file's path. */
const REPAIRS: Readonly<Record<string, readonly Repair[]>> = {
  '/node_modules/postgres/src/connection.js': [
    [WRITE_FAULT, WRITE_MENDED],
    [CLOSE_FAULT, CLOSE_MENDED],
  ],
  '/node_modules/postgres/src/index.js': [
    [LOST_FAULT, LOST_MENDED],
    [ORPHANS_FAULT, ORPHANS_MENDED],
    [LATE_FAULT, LATE_MENDED],
  ],
};

/** The repairs of a file of the driver; null for every other file. */
export function findRepairs(id: string): readonly Repair[] | null {
  const path = id.replaceAll('\\', '/').split('?')[0] ?? '';
  return Object.entries(REPAIRS).find(([end]) => path.endsWith(end))?.[1] ?? null;
}

export function guardDriver(code: string, repairs: readonly Repair[]): string {
  return repairs.reduce((text, [fault, mended]) => {
    const parts = text.split(fault);
    if (parts.length !== 2) {
      throw new Error(
        'postgres.js changed: look at api/db/driver-guard.ts before using this version',
      );
    }
    return parts.join(mended);
  }, code);
}

/** For `plugins` of a Vite build or test project that does not leave `postgres` outside. */
export const driverGuard = () => ({
  name: 'larder-driver-guard',
  enforce: 'pre' as const,
  transform: (code: string, id: string): { code: string; map: null } | null => {
    const repairs = findRepairs(id);
    return repairs === null ? null : { code: guardDriver(code, repairs), map: null };
  },
});

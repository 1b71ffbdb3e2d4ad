/**
 * Every bound that both ends of the protocol rely on (protocol.md §2.2). Units come last in names. The
 * server advertises its own numbers in capabilities; these are its defaults and the client's ceilings.
 * Relations between bounds are asserted where this module is loaded, so that a careless edit fails at
 * start and not in the middle of somebody's push.
 */
import { assert } from './assert.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const limits = {
  pull: { bundlesDefault: 1000, bundlesMax: 5000, pageBytesMax: 4 * MIB },
  push: {
    chunkRowsDefault: 1000,
    chunkRowsMax: 5000,
    bundleRowsMax: 100_000,
    bundleBytesMax: 64 * MIB,
    bundleEffectsMax: 200_000,
    rowBytesMax: 4 * MIB,
    textKeyBytesMax: 1024,
    sessionTtlMs: 15 * MINUTE_MS,
    leaseTtlMs: 15 * MINUTE_MS,
  },
  singlePush: {
    rowsMax: 2000,
    requestBytesMax: 4 * MIB,
    responseBytesMax: 4 * MIB,
    responseBundlesMax: 200,
  },
  conflicts: { entriesMax: 200, bytesMax: MIB },
  rejections: { entriesMax: 200 },
  note: { bytesMax: 512, labelCharactersMax: 200, actionCharactersMax: 64 },
  committedRows: { rowsDefault: 1000, rowsMax: 5000, pageBytesMax: 4 * MIB },
  snapshot: {
    rowsDefault: 1000,
    rowsMax: 5000,
    pageBytesDefault: 4 * MIB,
    pageBytesMax: 16 * MIB,
    sessionRowsMax: 1_000_000,
    sessionBytesMax: 1024 * MIB,
    sessionTtlMs: 15 * MINUTE_MS,
    buildsMax: 8,
    /** More could only wait for a connection while other households are told to come back. */
    buildsPerScopeMax: 2,
    /** Rows that one statement of a build freezes; well inside the time that a statement may take. */
    buildRowsMax: 20_000,
    pageRequestsMax: 4,
    sessionsPerScopeMax: 8,
  },
  /** An answer above the first bound is sent in slices of the others, as fast as it is taken. */
  answer: {
    wholeBytesMax: 256 * KIB,
    sliceRowsMax: 2000,
    sliceBytesMax: 512 * KIB,
    stallMs: 30_000,
  },
  snapshotStream: {
    streamsMax: 4,
    stallMs: 30_000,
    pageRowsMax: 2000,
    pageBytesMax: MIB,
  },
  history: {
    /** Kept: as many bundles and as long, whichever is more … */
    bundlesMin: 10_000,
    ageMsMin: 30 * DAY_MS,
    /** … but never more bundles than this. */
    bundlesMax: 100_000,
    tombstoneAgeMs: 180 * DAY_MS,
    receiptAgeMs: 90 * DAY_MS,
    /** What one step of the background job removes at most, and how many steps one run takes. */
    stepBundlesMax: 1000,
    stepTombstonesMax: 5000,
    scopesPerPageMax: 200,
    stepsPerScopeMax: 100,
  },
  cleaning: { rowsPerBatchMax: 5000, sessionsPerBatchMax: 32, batchesMax: 8 },
  watch: {
    heartbeatMs: 20_000,
    recheckMs: 60_000,
    streamsPerAccountMax: 6,
    streamsPerScopeMax: 32,
    streamsPerProcessMax: 10_000,
  },
  request: {
    chunkBytesMax: 32 * MIB,
    bodyBytesMax: 64 * KIB,
    nestingMax: 64,
    sourceIdCharactersMax: 256,
  },
  database: {
    lockWaitMs: 5000,
    statementMs: 30_000,
    /** A commit of more rows than one chunk has may take this much longer for each of them. */
    commitRowMs: 2,
    idleInTransactionMs: 10_000,
    triesMax: 3,
    waitersPerScopeMax: 64,
    /** A quarter of the pool's ten. */
    connectionsPerScopeMax: 2,
  },
} as const;

assert(
  limits.snapshot.pageBytesMax >= limits.push.rowBytesMax,
  'a snapshot page must be able to hold the largest row that a push may bring',
);
assert(
  limits.snapshot.rowsDefault <= limits.snapshot.rowsMax &&
    limits.snapshot.pageBytesDefault <= limits.snapshot.pageBytesMax,
  'a default page is never larger than the largest page',
);
assert(
  limits.push.chunkRowsDefault <= limits.push.chunkRowsMax &&
    limits.singlePush.rowsMax <= limits.push.chunkRowsMax,
  'a single-request push is validated as one chunk and must fit in it',
);
assert(
  limits.snapshot.buildsPerScopeMax <= limits.database.connectionsPerScopeMax &&
    limits.snapshot.buildsPerScopeMax < limits.snapshot.buildsMax,
  'one household builds what it has connections for, and leaves builds to others',
);
assert(
  limits.history.bundlesMin <= limits.history.bundlesMax,
  'the history that is always kept fits into the history that is kept at most',
);

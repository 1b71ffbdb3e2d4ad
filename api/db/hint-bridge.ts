/**
 * Wake-ups between the processes that serve one database (protocol.md §7.2). What this process commits is
 * told to the others by NOTIFY, in batches and outside of every push; what they commit is passed on to the
 * streams of this process. A hint holds scopes and numbers, never data, and may be lost: whatever the
 * bridge cannot be told it reads, so that a lost hint costs latency and nothing else.
 *
 * Whether LISTEN works here is found out by listening to oneself: each round sends a ping through the same
 * channel. While pings come back the latest numbers are read only now and then; when one does not (a
 * transaction-mode pooler, a database that is away, a connection that died silently) they are read once a
 * second, and a new listener is tried. A listener that begins again reads them all first.
 *
 * Nothing here waits for a push or holds a connection of the pool while idle, and no failure leaves.
 */
import postgres from 'postgres';
import { reconnectSeconds } from './pool.ts';

/** The streams of this process, as much as the bridge needs to know of them. */
export interface HintStreams {
  /** Scopes that somebody listens to. */
  scopes(): readonly string[];
  relay(scopeId: string, hint: { readonly bundleSeq: number }): void;
  /** Hears of every commit of this process. */
  onPublish(heard: (scopeId: string, hint: { readonly bundleSeq: number }) => void): void;
}

export interface HintBridgeOptions {
  /** For the listener's own connection. */
  readonly url: string;
  /** For everything else. */
  readonly sql: postgres.Sql;
  readonly streams: HintStreams;
  /** Names this process to itself. */
  readonly processId: string;
  readonly batchMs?: number;
  /** Between two readings while hints arrive, and while they do not. */
  readonly listeningPollMs?: number;
  readonly alonePollMs?: number;
  /** False where connections are known to be pooled by transaction: only reads. */
  readonly canListen?: boolean;
}

export interface HintBridge {
  /** True while this process hears its own pings. */
  isListening(): boolean;
  stop(): Promise<void>;
}

const CHANNEL = 'larder_hints';
/** A notification holds 8,000 bytes; an entry has at most 36 + 16 digits and some punctuation. */
const entriesPerNotificationMax = 100;
const scopesPerReadMax = 1000;

const READ_LATEST = `select scope_id::text as scope_id, latest_bundle_seq::text as latest
  from sync.scope where scope_id = any($1::text::uuid[])`;

type Entry = readonly [scopeId: string, bundleSeq: number];

interface Message {
  readonly from: string;
  readonly hints: readonly Entry[];
}

const isEntry = (value: unknown): value is Entry =>
  Array.isArray(value) && typeof value[0] === 'string' && Number.isSafeInteger(value[1]);

/** Anybody who may connect may notify, so nothing of it is believed before it was looked at. */
function parseMessage(text: string): Message | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // Not ours.
  }
  if (typeof value !== 'object' || value === null) return null;
  const { from, hints } = value as Readonly<Record<string, unknown>>;
  if (typeof from !== 'string' || !Array.isArray(hints)) return null;
  return { from, hints: hints.filter(isEntry) };
}

/** Collects commits and tells them in batches; a batch that cannot be told is dropped. */
function createTeller(
  sql: postgres.Sql,
  processId: string,
  batchMs: number,
): { tell(scopeId: string, bundleSeq: number): void; ping(): Promise<void>; stop(): void } {
  const waiting = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const notify = async (hints: readonly Entry[]): Promise<void> => {
    const message: Message = { from: processId, hints };
    await sql.unsafe('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(message)]);
  };
  const flush = (): void => {
    timer = undefined;
    const entries = [...waiting];
    waiting.clear();
    for (let at = 0; at < entries.length; at += entriesPerNotificationMax) {
      // The others read the numbers by themselves soon.
      notify(entries.slice(at, at + entriesPerNotificationMax)).catch(() => undefined);
    }
  };
  return {
    tell: (scopeId, bundleSeq) => {
      waiting.set(scopeId, Math.max(bundleSeq, waiting.get(scopeId) ?? 0));
      timer ??= setTimeout(flush, batchMs);
    },
    ping: () => notify([]),
    stop: () => clearTimeout(timer),
  };
}

/** Reads the latest numbers of all scopes that somebody listens to. */
async function readLatest(sql: postgres.Sql, streams: HintStreams): Promise<void> {
  const scopes = streams.scopes();
  for (let at = 0; at < scopes.length; at += scopesPerReadMax) {
    const some = scopes.slice(at, at + scopesPerReadMax);
    const rows = await sql.unsafe<{ scope_id: string; latest: string }[]>(READ_LATEST, [
      `{${some.join(',')}}`,
    ]);
    for (const { scope_id: scopeId, latest } of rows) {
      streams.relay(scopeId, { bundleSeq: Number(latest) });
    }
  }
}

interface Listener {
  /** True when a message of this process came since the last call. */
  takeEcho(): boolean;
  /** Gives the connection up and opens another one. */
  restart(): void;
  stop(): Promise<void>;
}

function createListener(options: HintBridgeOptions, onBegin: () => void): Listener {
  const { url, streams, processId } = options;
  let hasEcho = false;
  let isStopped = false;
  const open = (): postgres.Sql => {
    const own = postgres(url, {
      max: 1,
      connect_timeout: 5,
      backoff: reconnectSeconds,
      fetch_types: false,
      onnotice: () => undefined,
      connection: { application_name: 'larder-hints' },
    });
    const hear = (text: string): void => {
      const message = parseMessage(text);
      if (message === null) return;
      if (message.from === processId) hasEcho = true;
      else for (const [scopeId, bundleSeq] of message.hints) streams.relay(scopeId, { bundleSeq });
    };
    // The driver listens again by itself after a lost connection, and says so by `onBegin`; where it
    // gives up, no ping comes back and the next round opens another one.
    own.listen(CHANNEL, hear, onBegin).catch(() => undefined);
    return own;
  };
  let current = open();
  const close = (sql: postgres.Sql): Promise<void> =>
    sql.end({ timeout: 1 }).catch(() => undefined);
  return {
    takeEcho: () => {
      const had = hasEcho;
      hasEcho = false;
      return had;
    },
    restart: () => {
      if (isStopped) return;
      void close(current);
      current = open();
    },
    stop: async () => {
      isStopped = true;
      await close(current);
    },
  };
}

export function startHintBridge(options: HintBridgeOptions): HintBridge {
  const { sql, streams, processId } = options;
  const { batchMs = 10, listeningPollMs = 10_000, alonePollMs = 1000, canListen = true } = options;
  const state = { isStopped: false, isListening: false, roundsAlone: 0 };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const read = (): Promise<void> => readLatest(sql, streams).catch(() => undefined);
  const teller = createTeller(sql, processId, batchMs);
  const listener = canListen
    ? createListener(options, () => {
        if (!state.isStopped) void read();
      })
    : null;
  if (canListen) streams.onPublish((scopeId, { bundleSeq }) => teller.tell(scopeId, bundleSeq));

  /** Judges the ping of the last round, reads, and sends the next one. */
  const round = async (): Promise<void> => {
    state.isListening = listener?.takeEcho() ?? false;
    state.roundsAlone = state.isListening ? 0 : state.roundsAlone + 1;
    // A connection needs a moment, so not every silent round asks for another one.
    if (state.roundsAlone % 5 === 4) listener?.restart();
    await read();
    if (listener !== null) await teller.ping().catch(() => undefined);
  };
  const plan = (): void => {
    if (state.isStopped) return;
    timer = setTimeout(
      () => {
        running = round().then(plan);
      },
      state.isListening ? listeningPollMs : alonePollMs,
    );
  };
  running = round().then(plan);

  return {
    isListening: () => state.isListening,
    stop: async () => {
      state.isStopped = true;
      clearTimeout(timer);
      teller.stop();
      await running;
      await listener?.stop();
    },
  };
}

/**
 * What runs inside the page for the tests, before the app does. It remembers how the app started its
 * SharedWorker and opens one more port to it, exactly as another tab would: product code has no hook
 * for tests. Installed with `addInitScript`, so the page's content security policy stays as it is.
 */
export interface Probe {
  perform(act: string, args: unknown, actId: string): Promise<{ ok: boolean; error?: unknown }>;
  ask(query: string, args: unknown): Promise<unknown>;
  /** Keeps every answer of a live query under its name. */
  sample(query: string, args: unknown): Promise<void>;
  samples(query: string): unknown[];
  status(): Promise<unknown>;
  dump(): Promise<string>;
  /** Resolves when the app has started its worker. */
  connected(): Promise<void>;
}

export interface ProbeWindow {
  probe: Probe;
  Comlink: {
    wrap(port: MessagePort): RemoteKitchen;
    proxy<T extends object>(value: T): T;
  };
}

interface RemoteKitchen {
  perform(act: string, args: unknown, actId: string): Promise<{ ok: boolean; error?: unknown }>;
  ask(query: string, args: unknown): Promise<unknown>;
  watch(query: string, args: unknown, onRows: (rows: unknown) => void): Promise<unknown>;
  watchStatus(onStatus: (status: unknown) => void): Promise<() => Promise<void>>;
  dump(): Promise<string>;
}

/** Self-contained: it travels to the page as text. */
export function installProbe(): void {
  const scope = window as unknown as ProbeWindow;
  const Original = window.SharedWorker;
  const kept = new Map<string, unknown[]>();
  let openPort: (() => MessagePort) | null = null;
  let tellConnected = (): void => undefined;
  const connected = new Promise<void>((resolve) => {
    tellConnected = resolve;
  });
  let remote: RemoteKitchen | null = null;

  window.SharedWorker = class extends Original {
    constructor(url: string | URL, options?: string | WorkerOptions) {
      super(url, options);
      // Again after a loss: from then on the next worker is meant.
      openPort = () => new Original(url, options).port;
      remote = null;
      tellConnected();
    }
  };
  const kitchen = (): RemoteKitchen => {
    if (openPort === null) throw new Error('the app has not started its worker yet');
    remote ??= scope.Comlink.wrap(openPort());
    return remote;
  };

  scope.probe = {
    connected: () => connected,
    perform: (act, args, actId) => kitchen().perform(act, args, actId),
    ask: (query, args) => kitchen().ask(query, args),
    async sample(query, args) {
      const answers: unknown[] = [];
      kept.set(query, answers);
      await kitchen().watch(
        query,
        args,
        scope.Comlink.proxy((rows: unknown) => void answers.push(rows)),
      );
    },
    samples: (query) => kept.get(query) ?? [],
    // Watched anew each time: what was pushed last may be older than an act that has just resolved.
    async status() {
      let known = (_status: unknown): void => undefined;
      const first = new Promise((resolve) => {
        known = resolve;
      });
      const stop = await kitchen().watchStatus(scope.Comlink.proxy((next) => known(next)));
      const status = await first;
      await stop();
      return status;
    },
    dump: () => kitchen().dump(),
  };
}

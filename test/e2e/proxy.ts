/**
 * A TCP proxy in front of the server, for faults that `setOffline` cannot make: a running SharedWorker
 * still reaches the network when its page is set offline. The proxy speaks no HTTP; it can refuse and
 * cut connections, delay nothing, and swallow the first answer that follows a chosen request.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** Refuses new connections and cuts the open ones. */
  cut(): void;
  heal(): void;
  /**
   * The next request whose first line matches reaches the server, its answer does not reach the
   * client: the connection is cut when the first byte of the answer arrives. Resolves at that moment.
   */
  swallowAnswerTo(requestLine: RegExp): Promise<void>;
  /** The open watch streams say nothing from now on, and stay open: as after a sleep, or a change of network. */
  muteStreams(): void;
  retarget(upstreamUrl: string): void;
  /** Hears every piece that passes from now on, before it is handed on: for the benches. */
  tap(heard: (direction: 'request' | 'answer', piece: Buffer) => void): void;
  close(): Promise<void>;
}

interface Trap {
  readonly pattern: RegExp;
  readonly sprung: () => void;
}

export async function startProxy(upstreamUrl: string): Promise<Proxy> {
  let upstreamPort = Number(new URL(upstreamUrl).port);
  let isCut = false;
  let trap: Trap | null = null;
  let heard: Parameters<Proxy['tap']>[0] | null = null;
  const sockets = new Set<Socket>();
  /** Of each open watch stream, what ends its talking. */
  const streams = new Set<() => void>();

  const server: Server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort });
    let armed: Trap | null = null;
    let isMute = false;
    const mute = () => {
      isMute = true;
    };
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        streams.delete(mute);
        end();
      });
    }
    client.on('data', (chunk) => {
      heard?.('request', chunk);
      if (chunk.subarray(0, 40).toString('latin1').startsWith('GET /sync/watch')) streams.add(mute);
      if (trap?.pattern.test(chunk.subarray(0, 400).toString('latin1'))) {
        armed = trap;
        trap = null;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      heard?.('answer', chunk);
      if (isMute) return;
      if (armed === null) {
        client.write(chunk);
        return;
      }
      const { sprung } = armed;
      armed = null;
      end();
      sprung();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://localhost:${address.port}`,
    cut() {
      isCut = true;
      cutAll();
    },
    heal() {
      isCut = false;
    },
    swallowAnswerTo(pattern) {
      return new Promise((sprung) => {
        trap = { pattern, sprung };
      });
    },
    muteStreams() {
      for (const mute of streams) mute();
    },
    retarget(url) {
      upstreamPort = Number(new URL(url).port);
      cutAll();
    },
    tap(listener) {
      heard = listener;
    },
    async close() {
      isCut = true;
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The few facts a person sees about sync (`app.md` §6.1, §6.7); made by the engine, watched by tabs. */

export type Phase =
  | 'opening'
  | 'memory-only'
  | 'too-old'
  /** The app is newer than the server: nothing is exchanged until the server was updated. */
  | 'server-older'
  /** This window's app is older than the one that wrote the kitchen: nothing is read or written. */
  | 'newer-kitchen'
  /** The kitchen's file cannot be read; it is kept as it is. */
  | 'unreadable'
  | 'rebuild-needed'
  | 'storage-full'
  | 'storage-cleared'
  | 'signed-out'
  | 'local-only'
  | 'first-download'
  | 'offline'
  | 'server-trouble'
  | 'exchanging'
  | 'idle';

/** A closed kitchen of this device with work that its household has not got (`app.md` §6.5). */
export interface SealedKitchen {
  /** Who can unlock it by signing in. */
  readonly name: string;
  readonly acts: number;
  readonly rows: number;
}

export interface SyncStatus {
  readonly phase: Phase;
  readonly unsent: { readonly acts: number; readonly rows: number };
  /** Rows held by a refusal, or because nothing could be decided; everything else goes on syncing. */
  readonly held: number;
  /** Questions that wait for a person; nothing waits for their answers. */
  readonly choices: number;
  /** Rows that a restored server had otherwise; listed until the person has seen them. */
  readonly lost?: number;
  /** A power cut or a damaged file took acknowledged work; said until the person has seen it. */
  readonly isWorkLost?: boolean;
  readonly durable: 'strict' | 'relaxed' | 'none';
  /** The store has not answered for ten seconds; what was typed is not saved yet. */
  readonly isSavingSlow?: boolean;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly lastExchangeAt: string | null;
  readonly nextTryAt: string | null;
  readonly lastError: string | null;
  readonly checkpoint: number;
  readonly sourceId: string;
  /** Which database of this device is open, said by whoever can open another. */
  readonly kitchen?: string;
  readonly sealed?: readonly SealedKitchen[];
}

/** Before anybody has spoken. */
export const OPENING: SyncStatus = {
  phase: 'opening',
  unsent: { acts: 0, rows: 0 },
  held: 0,
  choices: 0,
  durable: 'none',
  progress: null,
  lastExchangeAt: null,
  nextTryAt: null,
  lastError: null,
  checkpoint: 0,
  sourceId: '',
};

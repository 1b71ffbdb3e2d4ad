/** What can go wrong when the embedded Postgres starts, as one sentence a person can act on. */

export type EmbeddedFailureCode =
  | 'unsupported-platform'
  | 'no-permission'
  | 'no-unprivileged-user'
  | 'wrong-version'
  | 'broken-data-folder'
  | 'already-running'
  | 'port-busy'
  | 'disk-full'
  | 'start-timeout'
  | 'start-failed';

/** Thrown by `startEmbeddedPostgres`; `message` is a single line, made to be printed as it is. */
export class EmbeddedPostgresFailure extends Error {
  override readonly name = 'EmbeddedPostgresFailure';
  readonly code: EmbeddedFailureCode;

  constructor(code: EmbeddedFailureCode, message: string) {
    super(message.replaceAll(/\s*\n\s*/g, ' '));
    this.code = code;
  }
}

/** The `code` of a system error (`EACCES`, `ENOENT`, …), or the empty string. */
export function systemErrorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Turns a failed file operation into the line that names the folder and the way out. */
export function folderFailure(error: unknown, folder: string): EmbeddedPostgresFailure {
  const code = systemErrorCode(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EmbeddedPostgresFailure(
        'no-permission',
        `No permission to use the data folder ${folder} (${code}). Give it to this user, or set LARDER_DATA to a folder you own.`,
      );
    case 'ENOSPC':
      return new EmbeddedPostgresFailure(
        'disk-full',
        `No space left for the data folder ${folder}.`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new EmbeddedPostgresFailure(
        'broken-data-folder',
        `The data folder ${folder} is not a folder (${code}). Move it away, or set LARDER_DATA.`,
      );
    default:
      return new EmbeddedPostgresFailure(
        'start-failed',
        `The data folder ${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      );
  }
}

/**
 * Reads the reason out of what Postgres or initdb wrote. The text is Postgres' own English (the
 * server runs with the C locale), so matching on it is stable within one pinned major version.
 */
export function explainOutput(
  output: string,
  dataFolder: string,
  logFile: string,
): EmbeddedPostgresFailure {
  if (/Address already in use|could not bind/.test(output)) {
    return new EmbeddedPostgresFailure(
      'port-busy',
      'The port chosen for the embedded Postgres is taken by another program.',
    );
  }
  if (/No space left on device/.test(output)) {
    return new EmbeddedPostgresFailure(
      'disk-full',
      `No space left for the data folder ${dataFolder}.`,
    );
  }
  if (/incompatible with server|initialized by PostgreSQL version/.test(output)) {
    return new EmbeddedPostgresFailure(
      'wrong-version',
      `The data folder ${dataFolder} belongs to another Postgres version than the one installed here.`,
    );
  }
  if (/lock file "[^"]*" already exists/.test(output)) {
    return new EmbeddedPostgresFailure(
      'already-running',
      `Another Postgres is using the data folder ${dataFolder}. Stop it first.`,
    );
  }
  if (/Permission denied|has wrong ownership|has group or world access/.test(output)) {
    return new EmbeddedPostgresFailure(
      'no-permission',
      `Postgres has no permission to use the data folder ${dataFolder}. Details: ${logFile}`,
    );
  }
  const reason = /(?:FATAL|PANIC|ERROR|error):\s*(.+)/.exec(output)?.[1]?.trim();
  return new EmbeddedPostgresFailure(
    'broken-data-folder',
    `Postgres cannot open the data folder ${dataFolder}${reason === undefined ? '' : `: ${reason}`}. Restore it from a backup or move it away. Details: ${logFile}`,
  );
}

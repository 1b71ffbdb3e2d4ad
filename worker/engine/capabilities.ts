/**
 * The capability gate (`protocol.md` §9.1): whether this server speaks our protocol over our tables, asked
 * at most every ten minutes and again after a mismatch. Nothing is sent to a server that fails it.
 */
import { capabilitiesPath, capabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import type { CapabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Catalog } from './catalog.ts';
import { send, unexpected } from './calls.ts';
import type { Context } from './context.ts';
import { protocolFailure, versionFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';

const KEEP_MS = 600_000;

export interface TableContract {
  readonly serverOnly: readonly string[];
  readonly clientOnly: readonly string[];
  readonly keyDiffers: readonly string[];
}

interface AdvertisedTable {
  readonly schema: string;
  readonly table: string;
  readonly sync_key_columns: readonly string[];
}

/** How the advertised tables differ from ours; null when the sets are equal. */
export function compareTables(
  ours: readonly AdvertisedTable[],
  advertised: readonly AdvertisedTable[],
): TableContract | null {
  const nameOf = (spec: AdvertisedTable): string => `${spec.schema}.${spec.table}`.toLowerCase();
  const keyOf = (spec: AdvertisedTable): string => spec.sync_key_columns.join(',').toLowerCase();
  const keysByName = new Map(advertised.map((spec) => [nameOf(spec), keyOf(spec)]));
  const ourNames = new Set(ours.map(nameOf));
  const sorted = (names: string[]): string[] => names.sort((a, b) => (a < b ? -1 : 1));
  const contract = {
    serverOnly: sorted([...keysByName.keys()].filter((name) => !ourNames.has(name))),
    clientOnly: sorted([...ourNames].filter((name) => !keysByName.has(name))),
    keyDiffers: sorted(
      ours
        .filter((spec) => (keysByName.get(nameOf(spec)) ?? keyOf(spec)) !== keyOf(spec))
        .map(nameOf),
    ),
  };
  const isEqual = Object.values(contract).every((names) => names.length === 0);
  return isEqual && keysByName.size === advertised.length ? null : contract;
}

const specsOf = (catalog: Catalog): AdvertisedTable[] =>
  catalog.tables.map((table) => ({
    schema: catalog.schemaName,
    table: table.name,
    sync_key_columns: [table.declared.key],
  }));

/** What the document already says about our version; a server that does not negotiate says nothing. */
function versionFault(catalog: Catalog, document: CapabilitiesResponse): SyncFailure | null {
  const offer = document.extensions?.schema_negotiation;
  if (offer === undefined) return null;
  const { version } = catalog.schema;
  if (version > document.schema_version) return versionFailure('schema_version_ahead', 'none');
  return version < offer.min_read ? versionFailure('client_upgrade_required', 'none') : null;
}

/** Whether the server takes no new bundles of our version. */
export const isReadOnly = (catalog: Catalog, document: CapabilitiesResponse): boolean =>
  catalog.schema.version < (document.extensions?.schema_negotiation?.min_write ?? 0);

function gateFault(catalog: Catalog, document: CapabilitiesResponse): SyncFailure | null {
  if (document.protocol_version !== protocolVersion)
    return protocolFailure('protocol-version-mismatch');
  const version = versionFault(catalog, document);
  if (version !== null) return version;
  if (document.features['connect_lifecycle'] !== true) return protocolFailure('attach-unsupported');
  const limits = document.bundle_limits;
  if (
    limits.default_rows_per_snapshot_chunk > limits.max_rows_per_snapshot_chunk ||
    limits.default_bytes_per_snapshot_chunk > limits.max_bytes_per_snapshot_chunk ||
    limits.max_bytes_per_snapshot_row > limits.max_bytes_per_snapshot_chunk
  )
    return protocolFailure('snapshot-capabilities');
  const contract = compareTables(specsOf(catalog), document.registered_table_specs);
  return contract === null
    ? null
    : protocolFailure(
        'table-contract-mismatch',
        `server only: ${contract.serverOnly.join(' ')}; client only: ${contract.clientOnly.join(' ')}; keys: ${contract.keyDiffers.join(' ')}`,
      );
}

/** The server's document, from memory while it is fresh. `userId` is whom the connection is meant for. */
export async function getCapabilities(
  context: Context,
  userId?: string,
): Promise<Result<CapabilitiesResponse, SyncFailure>> {
  const { memory, clock } = context;
  const known = memory.capabilities;
  if (known !== null && clock.nowMs() - known.atMs < KEEP_MS && clock.nowMs() >= known.atMs)
    return ok(known.document);
  const answer = await send(
    context,
    {
      operation: 'capabilities',
      method: 'GET',
      path: capabilitiesPath,
      ...(userId === undefined ? {} : { userId }),
    },
    capabilitiesResponse,
  );
  if (!answer.ok) {
    if (answer.error.type !== 'refused') return err(answer.error);
    return err(
      [404, 405, 501].includes(answer.error.status)
        ? protocolFailure('attach-unsupported')
        : unexpected('capabilities', answer.error),
    );
  }
  const fault = gateFault(context.catalog, answer.value);
  if (fault !== null) return err(fault);
  memory.capabilities = { document: answer.value, atMs: clock.nowMs() };
  return ok(answer.value);
}

/** Whether bundles may carry a sentence; asked of what is known, never of the network. */
export const offersNotes = ({ memory }: Context): boolean =>
  memory.capabilities?.document.features['bundle_notes'] === true;

export const forgetCapabilities = (context: Context): void => {
  context.memory.capabilities = null;
};

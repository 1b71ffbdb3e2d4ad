/**
 * Checks a schema's declarations before anything is made from them (`protocol.md` §11.1) and puts the
 * tables in the order in which rows can be written. A declaration that breaks a rule stops the start with
 * one sentence per fault; nothing is repaired and nothing is guessed.
 */
import type { Column, Schema, Table } from './types.ts';

const IDENTIFIER = /^[a-z][a-z0-9_]{0,62}$/;
const BOUNDED = new Set<Column['kind']>(['text', 'count', 'blob', 'key']);
const NUMBERS = new Set<Column['kind']>(['milli', 'minor', 'count', 'flag']);

function columnFaults(schema: Schema, tableName: string, name: string, column: Column): string[] {
  const at = `${tableName}.${name}`;
  const faults: string[] = [];
  if (!IDENTIFIER.test(name))
    faults.push(`The column name ${at} is not lower-case letters, digits and underscores.`);
  if (name.startsWith('_sync'))
    faults.push(`The column ${at} uses a name that belongs to the engine.`);
  if (BOUNDED.has(column.kind) && column.max === undefined && column.values === undefined)
    faults.push(`The column ${at} needs an upper bound.`);
  if (column.min !== undefined && column.max !== undefined && column.min > column.max)
    faults.push(`The bounds of ${at} are the wrong way round.`);
  if (column.values !== undefined && (column.kind !== 'text' || column.values.length === 0))
    faults.push(`Only a text column can have a closed set of values: ${at}.`);
  if (column.merge === 'delta' && !NUMBERS.has(column.kind))
    faults.push(`Only a number can merge by delta: ${at}.`);
  if ((column.merge === 'text' || column.merge === 'join') && column.kind !== 'text')
    faults.push(`Only a text can merge as text: ${at}.`);
  if (
    (column.merge === 'first' || column.merge === 'life') &&
    column.kind !== 'instant' &&
    column.kind !== 'day'
  )
    faults.push(`Only an instant or a day can be the earlier one: ${at}.`);
  if (column.once === true && (column.merge !== 'first' || !column.nullable))
    faults.push(`Only what is empty until its first moment can happen once: ${at}.`);
  const { follows } = column;
  const led = schema.tables[tableName]?.columns[follows?.reference ?? '']?.references?.table ?? '';
  if (follows !== undefined && schema.tables[led]?.columns[follows.column] === undefined)
    faults.push(`The column ${at} follows ${follows.column} of a row that it does not refer to.`);
  const target = column.references;
  if (target === undefined) return faults;
  const referred = schema.tables[target.table];
  if (referred === undefined)
    return [...faults, `The column ${at} refers to ${target.table}, which is not a synced table.`];
  if (referred.columns[referred.key]?.kind !== column.kind)
    faults.push(`The column ${at} and the key of ${target.table} are of different kinds.`);
  if (target.onDelete === 'set null' && !column.nullable)
    faults.push(`The column ${at} cannot become null when its ${target.table} row goes.`);
  return faults;
}

function groupFaults(tableName: string, table: Table): string[] {
  const ruleByGroup = new Map<string, string>();
  const faults: string[] = [];
  for (const [name, column] of Object.entries(table.columns)) {
    if (column.group === undefined) continue;
    const rule = ruleByGroup.get(column.group);
    if (rule === undefined) ruleByGroup.set(column.group, column.merge);
    else if (rule !== column.merge)
      faults.push(
        `The columns of group ${column.group} in ${tableName} merge by different rules (${name}).`,
      );
  }
  return faults;
}

function tableFaults(schema: Schema, name: string, table: Table): string[] {
  const faults: string[] = [];
  if (!IDENTIFIER.test(name))
    faults.push(`The table name ${name} is not lower-case letters, digits and underscores.`);
  if (name.startsWith('_sync') || name.startsWith('sqlite'))
    faults.push(`The table name ${name} belongs to the engine or to SQLite.`);
  const key = table.columns[table.key];
  if (key === undefined) faults.push(`The table ${name} has no column ${table.key} to be its key.`);
  else {
    if (key.kind !== 'id' && key.kind !== 'key')
      faults.push(`The key of ${name} must be an id or a key.`);
    if (key.nullable) faults.push(`The key of ${name} must not be null.`);
  }
  if (Object.keys(table.columns)[0] !== table.key)
    faults.push(`The key of ${name} must be its first column.`);
  for (const [columnName, column] of Object.entries(table.columns)) {
    faults.push(...columnFaults(schema, name, columnName, column));
    if (table.serverWritten && column.references !== undefined)
      faults.push(
        `The server-written table ${name} cannot refer to others (${columnName}): a cascade on the device would change what it may not push.`,
      );
    if (table.serverWritten && column.merge !== 'server' && columnName !== table.key)
      faults.push(`The server-written column ${name}.${columnName} must merge by the rule server.`);
  }
  for (const list of [...table.indexes, ...table.serverUnique])
    for (const columnName of list)
      if (table.columns[columnName] === undefined)
        faults.push(`An index of ${name} names the unknown column ${columnName}.`);
  return [...faults, ...groupFaults(name, table)];
}

/** One sentence per fault; empty when the declarations can be used. */
export function schemaFaults(schema: Schema): readonly string[] {
  const faults: string[] = [];
  if (!IDENTIFIER.test(schema.name)) faults.push('The schema needs a lower-case name.');
  if (!Number.isSafeInteger(schema.version) || schema.version < 1)
    faults.push('The schema version must be a whole number from 1.');
  const names = Object.keys(schema.tables);
  if (names.length === 0) faults.push('The schema has no tables.');
  for (const name of names) {
    const table = schema.tables[name];
    if (table !== undefined) faults.push(...tableFaults(schema, name, table));
  }
  return faults;
}

/**
 * Parents before children (Kahn), ready tables in the order of their declaration; references of a table
 * to itself are ignored and tables on a cycle follow in the order of their declaration.
 */
export function tableOrder(schema: Schema): readonly string[] {
  const names = Object.keys(schema.tables);
  const parentsOf = (name: string): string[] =>
    Object.values(schema.tables[name]?.columns ?? {})
      .flatMap((column) => (column.references === undefined ? [] : [column.references.table]))
      .filter((parent) => parent !== name);
  const ordered: string[] = [];
  let waiting = names;
  while (waiting.length > 0) {
    const next = waiting.find((name) =>
      parentsOf(name).every((parent) => ordered.includes(parent)),
    );
    if (next === undefined) return [...ordered, ...waiting];
    ordered.push(next);
    waiting = waiting.filter((name) => name !== next);
  }
  return ordered;
}

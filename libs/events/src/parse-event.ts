/** From what was received to an event, or to an error that names the field: what comes from outside is not trusted. */
import { catalogueEntry } from './catalogue.ts';
import type { FieldType } from './catalogue.ts';
import { EventsError } from './errors.ts';
import type { EventSeverity, GeodesicEvent } from './event.ts';

type Fields = Readonly<Record<string, unknown>>;

const SOURCE = /^\/clusters\/([a-z0-9-]+)\/runs\/([a-z0-9-]+)(?:\/evaluator)?$/;
const TYPE = /^geodesic\.([a-z0-9-]+(?:\.[a-z0-9-]+)*)$/;
const SCHEMA = /^geodesic:event:(.+):([1-9][0-9]{0,8})$/;

/**
 * Reads an event. Types that are not in the catalogue pass with any version and any data; attributes that are not ours are left out.
 * @throws {EventsError} INVALID
 */
export function parseEvent(received: string | Uint8Array): GeodesicEvent {
  const fields = objectOf(received);
  expectField(fields, 'specversion', '1.0', (value) => value === '1.0');
  const source = textOf(fields, 'source', '/clusters/<cluster>/runs/<run>', SOURCE);
  const run = SOURCE.exec(source)![2];
  expectField(fields, 'subject', `${run}, the run of its source`, (value) => value === run);
  const id = textOf(fields, 'id', `text that begins with ${run}/`);
  if (!id.startsWith(`${run}/`)) throw invalid('id', `text that begins with ${run}/`, id);
  const type = textOf(fields, 'type', 'geodesic.<type>', TYPE);
  const name = TYPE.exec(type)![1];
  const dataschema = textOf(fields, 'dataschema', `geodesic:event:${name}:<version>`, SCHEMA);
  checkVersion(name, dataschema);
  const time = textOf(fields, 'time', 'a time as in ISO 8601');
  if (Number.isNaN(Date.parse(time))) throw invalid('time', 'a time as in ISO 8601', time);
  expectField(fields, 'datacontenttype', 'application/json', (value) => value === 'application/json');
  expectField(fields, 'severity', 'info, warning or error', (value) => ['info', 'warning', 'error'].includes(value as string));
  expectField(fields, 'runsequence', 'an integer from 1, or none', (value) => value === undefined || (isCount(value) && value > 0));
  expectField(fields, 'data', 'an object', isObject);
  const data = fields['data'] as Fields;
  checkData(name, data);
  const { runsequence } = fields;
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject: run,
    time,
    datacontenttype: 'application/json',
    dataschema,
    ...(runsequence !== undefined && { runsequence: runsequence as number }),
    severity: fields['severity'] as EventSeverity,
    data,
  };
}

function objectOf(received: string | Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(typeof received === 'string' ? received : new TextDecoder('utf-8', { fatal: true }).decode(received));
  } catch (cause) {
    throw invalid('event', 'JSON', cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!isObject(value)) throw invalid('event', 'an object', shown(value));
  return value;
}

function checkVersion(name: string, dataschema: string): void {
  const [, schemaType, version] = SCHEMA.exec(dataschema)!;
  if (schemaType !== name) throw invalid('dataschema', `geodesic:event:${name}:<version>`, dataschema);
  const known = catalogueEntry(name)?.version;
  if (known !== undefined && Number(version) > known)
    throw new EventsError('INVALID', {
      what: 'dataschema',
      expected: `at most version ${known} of ${name}`,
      got: `version ${version}`,
      hint: 'whoever published it is newer than this program: update this one',
    });
}

/** An event that was too large for a message has other data, and says so. */
function checkData(name: string, data: Fields): void {
  const entry = catalogueEntry(name);
  if (entry === undefined || data['truncated'] === true) return;
  for (const [field, type] of Object.entries(entry.required))
    if (!isOf(type, data[field])) throw invalid(`data.${field} of ${name}`, WORDS[type], shown(data[field]));
  for (const [field, type] of Object.entries(entry.optional))
    if (data[field] !== undefined && !isOf(type, data[field]))
      throw invalid(`data.${field} of ${name}`, `${WORDS[type]}, or none`, shown(data[field]));
}

const WORDS: Readonly<Record<FieldType, string>> = {
  string: 'text',
  boolean: 'true or false',
  count: 'an integer from 0',
  measure: 'a number or null',
  object: 'an object',
  array: 'a list',
};

function isOf(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'count':
      return isCount(value);
    case 'measure':
      return value === null || typeof value === 'number';
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function textOf(fields: Fields, name: string, expected: string, pattern?: RegExp): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '' || (pattern && !pattern.test(value))) throw invalid(name, expected, shown(value));
  return value;
}

function expectField(fields: Fields, name: string, expected: string, isRight: (value: unknown) => boolean): void {
  if (!isRight(fields[name])) throw invalid(name, expected, shown(fields[name]));
}

function invalid(what: string, expected: string, got: string, cause?: unknown): EventsError {
  return new EventsError('INVALID', {
    what,
    expected,
    got,
    hint: 'who published it is no part of this cluster, or another version',
    cause,
  });
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * One line for an event: when, what, and the fields that tell most, for people who look on.
 */
import type { GeodesicEvent } from '@geodesic/events';
import { typeOf } from '../artery/event-feed.ts';
import { conditionLine } from './condition-lines.ts';
import { formatMeasurement } from './format.ts';
import { span, type Line, type Style } from './styled-text.ts';

/** Of types with much in them, what tells most, with dots for what is inside; of others every field is shown. */
const TELLING: Readonly<Record<string, readonly string[]>> = {
  'step.committed': ['step', 'measurements.trainLoss', 'measurements.trainAccuracy', 'measurements.damping', 'workers'],
  'curvature.refreshed': ['step', 'layers'],
  'checkpoint.written': ['step', 'bytes', 'manifest'],
  'checkpoint.available': ['step', 'bytes', 'files', 'manifest'],
  'run.finished': ['state', 'error.code', 'error.message', 'result.steps', 'result.seconds', 'result.paramsDigest'],
  measurements: ['step', 'measurements.trainLoss', 'measurements.trainAccuracy', 'measurements.damping'],
};
const STYLES: Readonly<Record<GeodesicEvent['severity'], Style>> = { info: 'accent', warning: 'accent', error: 'bad' };
const TYPE_WIDTH = 'contribution.disputed'.length;
const DIGEST = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]{28,}$/;

/**
 * The line of an event.
 * @param options.named whether its run is named, where several are shown
 */
export function eventLine(event: GeodesicEvent, { named }: { readonly named: boolean }): Line {
  const { time, subject, severity, data } = event;
  const type = typeOf(event);
  const run = named ? [span(`${subject}  `, 'dim')] : [];
  const told = conditionLine({ sequence: 0, type, at: time, data }) ?? fieldsText(type, data);
  return [span(`${time}  `, 'dim'), ...run, span(type.padEnd(TYPE_WIDTH), STYLES[severity]), span(`  ${told}`)];
}

function fieldsText(type: string, data: GeodesicEvent['data']): string {
  const fields = TELLING[type] ?? Object.keys(data);
  return fields.flatMap((field) => partsOf(lastOf(field), valueAt(data, field.split('.')))).join('  ');
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function valueAt(data: unknown, [field, ...others]: readonly string[]): unknown {
  const value = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>)[field] : undefined;
  return others.length === 0 ? value : valueAt(value, others);
}

function partsOf(field: string, value: unknown): readonly string[] {
  switch (typeof value) {
    case 'number':
      return [`${field} ${Number.isInteger(value) ? value : formatMeasurement(value)}`];
    case 'boolean':
      return [`${field} ${value}`];
    case 'string':
      return value === '' ? [] : [`${field} ${DIGEST.exec(value)?.[1] ?? value}`];
    case 'object':
      return value === null ? [] : partsOfObject(field, value);
    default:
      return [];
  }
}

function partsOfObject(field: string, value: object): readonly string[] {
  if (!Array.isArray(value)) return Object.entries(value).flatMap(([name, inner]) => partsOf(name, inner));
  const isPlain = value.every((item) => typeof item === 'string' || typeof item === 'number');
  return value.length === 0 ? [] : [`${field} ${isPlain ? value.join(', ') : value.length}`];
}

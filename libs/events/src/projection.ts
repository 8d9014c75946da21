/**
 * From an event of a run's own file to what is published: the event itself, nothing left out, and behind it the events that are derived from
 * it. A pure function, so whoever projects an event gets the same ids:
 *
 *     <run>/<sequence>/<16 hex>          the event; the digits begin the sha256 of the canonical JSON of {sequence, type, at, data}
 *     <run>/<sequence>/<16 hex>/alert    derived from it, and so is .../measurements
 */
import { createHash } from 'node:crypto';
import { alertOf } from './alert.ts';
import { canonicalJson } from './canonical-json.ts';
import { catalogueEntry, severityOf } from './catalogue.ts';
import type { EventTypeName } from './catalogue.ts';
import type { EventSeverity, GeodesicEvent, NumberedEvent } from './event.ts';

/** Steps of a run of which measurements are derived, about. */
const MEASURED_STEPS = 1000;

/** Where an event happened. */
export interface EventPlace {
  readonly cluster: string;
  readonly run: string;
}

/** What is published of an event: itself, then what is derived from it. A type that is not known is published, too, as version 1 and `info`. */
export function projectEvent(event: NumberedEvent, place: EventPlace): readonly GeodesicEvent[] {
  const { sequence, type, at, data } = event;
  const severity = severityOf(type, data);
  const source = `/clusters/${place.cluster}/runs/${place.run}`;
  const id = eventId(event, place.run);
  const derived = (name: EventTypeName, fields: GeodesicEvent['data'], loudness: EventSeverity): GeodesicEvent =>
    makeEvent({ id: `${id}/${name}`, source, run: place.run, type: name, at, severity: loudness, data: fields });
  const events = [makeEvent({ id, source, run: place.run, type, at, sequence, severity, data })];
  const alert = alertOf(type, data);
  if (alert) events.push(derived('alert', { ...alert, of: id }, severity));
  if (isMeasured(event)) events.push(derived('measurements', { step: data['step'], measurements: data['measurements'] }, 'info'));
  return events;
}

/**
 * The line of the run's own file that an event was projected from; undefined for one that is derived, foreign, or without its data because it
 * was too large: what comes back projects to the same id.
 */
export function unprojectEvent(event: GeodesicEvent): NumberedEvent | undefined {
  if (event.runsequence === undefined) return undefined;
  const { runsequence: sequence, time: at, data } = event;
  const numbered = { sequence, type: bareType(event.type), at, data };
  return eventId(numbered, event.subject) === event.id ? numbered : undefined;
}

/** An event from its parts. */
export function makeEvent(parts: {
  readonly id: string;
  readonly source: string;
  readonly run: string;
  /** Without the prefix `geodesic.`. */
  readonly type: string;
  readonly at: string;
  readonly sequence?: number;
  readonly severity: EventSeverity;
  readonly data: GeodesicEvent['data'];
}): GeodesicEvent {
  const { id, source, run, type, at, sequence, severity, data } = parts;
  return {
    specversion: '1.0',
    id,
    source,
    type: `geodesic.${type}`,
    subject: run,
    time: at,
    datacontenttype: 'application/json',
    dataschema: `geodesic:event:${type}:${catalogueEntry(type)?.version ?? 1}`,
    ...(sequence !== undefined && { runsequence: sequence }),
    severity,
    data,
  };
}

/** A type without the prefix `geodesic.`. */
export function bareType(type: string): string {
  return type.replace(/^geodesic\./, '');
}

function eventId({ sequence, type, at, data }: NumberedEvent, run: string): string {
  const digest = createHash('sha256').update(canonicalJson({ sequence, type, at, data })).digest('hex');
  return `${run}/${sequence}/${digest.slice(0, 16)}`;
}

function isMeasured({ type, data }: NumberedEvent): boolean {
  const { step, steps, measurements } = data;
  if (type !== 'step.committed' || typeof step !== 'number' || typeof measurements !== 'object') return false;
  const every = typeof steps === 'number' ? Math.max(1, Math.ceil(steps / MEASURED_STEPS)) : 1;
  return step % every === 0 || step === steps;
}

/** Events of a run's file, for tests. */
import type { GeodesicEvent, NumberedEvent } from '../src/index.ts';
import { evaluatorEvent, projectEvent } from '../src/index.ts';

/** The place of the events here. */
export const place: { readonly cluster: string; readonly run: string } = { cluster: 'main', run: 'r1' };

/** An instant, seconds after the beginning. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
}

/** A committed step of a run of `steps`. */
export function committed(sequence: number, step = sequence, steps = 1000): NumberedEvent {
  const measurements = { trainLoss: 1 / (step + 1) };
  const totals = { examples: 64 * step, seconds: step / 10, bytesUp: 1000 * step, bytesDown: 900 * step };
  return { sequence, type: 'step.committed', at: at(sequence), data: { step, steps, phase: 'grad', workers: 2, measurements, ...totals } };
}

/** A disk that does not work: an event with an alert. */
export function storageFailed(sequence: number): NumberedEvent {
  return { sequence, type: 'storage.failed', at: at(sequence), data: { what: 'append', message: 'ENOSPC', hint: 'free space' } };
}

/** An event from which nothing is derived. */
export function paused(sequence: number, reason = 'asked'): NumberedEvent {
  return { sequence, type: 'run.paused', at: at(sequence), data: { step: sequence, reason } };
}

/** The event itself, as published in a run. */
export function own(event: NumberedEvent, run: string = place.run): GeodesicEvent {
  return projectEvent(event, { ...place, run })[0];
}

/** All that is published of events, in order. */
export function projected(events: readonly NumberedEvent[], run: string = place.run): GeodesicEvent[] {
  return events.flatMap((event) => [...projectEvent(event, { ...place, run })]);
}

/** What an evaluator says. */
export function evaluated(step: number, run: string = place.run): GeodesicEvent {
  const paramsDigest = `sha256:${step.toString(16).padStart(16, '0').repeat(4)}`;
  return evaluatorEvent({ ...place, run, step, split: 'test', loss: 0.25, accuracy: 0.9, examples: 100, paramsDigest, at: at(step) });
}

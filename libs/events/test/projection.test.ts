import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvent, projectEvent, unprojectEvent } from '../src/index.ts';
import type { NumberedEvent } from '../src/index.ts';
import { at, committed, own, paused, place, storageFailed } from './sample-events.ts';

/** The same value with the keys of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reordered(field)]),
  );
}

const data = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>;
const dataAfterJson = data.map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

describe('projectEvent', () => {
  it('gives the event itself as a CloudEvent, with nothing left out', () => {
    expect(projectEvent(paused(7), place)).toEqual([
      {
        specversion: '1.0',
        id: 'r1/7/a7bbe6a77ce02461',
        source: '/clusters/main/runs/r1',
        type: 'geodesic.run.paused',
        subject: 'r1',
        time: '2026-01-01T00:00:07.000Z',
        datacontenttype: 'application/json',
        dataschema: 'geodesic:event:run.paused:1',
        runsequence: 7,
        severity: 'info',
        data: { step: 7, reason: 'asked' },
      },
    ]);
  });

  it('makes ids that do not depend on the order of keys', () => {
    fc.assert(
      fc.property(data, (fields) => {
        const event = { sequence: 1, type: 'x', at: at(0), data: fields };
        expect(own(reordered(event) as NumberedEvent).id).toBe(own(event).id);
      }),
    );
  });

  it('makes the same ids of an event in memory and of its line in the file, also of numbers that JSON does not have', () => {
    const event = { sequence: 1, type: 'x', at: at(0), data: { loss: NaN, zero: -0, none: undefined, list: [Infinity, undefined] } };
    expect(own(JSON.parse(JSON.stringify(event)) as NumberedEvent).id).toBe(own(event).id);
  });

  it('makes other ids of events that say something else', () => {
    const ids = [paused(1), paused(1, 'other'), paused(2), { ...paused(1), at: at(9) }, { ...paused(1), type: 'run.continued' }].map(
      (event) => own(event).id,
    );
    expect(new Set(ids).size).toBe(5);
  });

  it('can be undone, after JSON too', () => {
    fc.assert(
      fc.property(dataAfterJson, (fields) => {
        const event = { sequence: 3, type: 'some.type', at: at(0), data: fields };
        expect(unprojectEvent(parseEvent(JSON.stringify(own(event))))).toEqual(event);
      }),
    );
    const [, alert] = projectEvent(storageFailed(1), place);
    expect(unprojectEvent(alert)).toBeUndefined();
    expect(unprojectEvent({ ...own(paused(1)), data: { truncated: true, bytes: 9 } })).toBeUndefined();
  });

  it('derives an alert from what an operator must see', () => {
    const [event, alert, ...others] = projectEvent(storageFailed(4), place);
    expect(others).toEqual([]);
    expect(event.severity).toBe('error');
    expect(alert).toMatchObject({ id: `${event.id}/alert`, type: 'geodesic.alert', severity: 'error', time: event.time, subject: 'r1' });
    expect(alert.runsequence).toBeUndefined();
    expect(alert.data).toEqual({ code: 'STORAGE', message: 'append: ENOSPC', hint: 'free space', of: event.id });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['checkpoint.damaged', { step: 3, reason: 'crc' }, 'CHECKPOINT_DAMAGED'],
    ['worker.quarantined', { worker: 'a', cooldownMs: 1000, reason: 'bits' }, 'WORKER_QUARANTINED'],
    ['contribution.disputed', { step: 1, phase: 'grad', workers: ['a', 'b'], resolved: true, detail: 'sum' }, 'CONTRIBUTION_DISPUTED'],
    ['journal.off', { reason: 'slow' }, 'JOURNAL_OFF'],
    ['evaluation.failed', { step: 2, phase: 'eval/test', worker: 'a', reason: 'NaN' }, 'EVALUATION_FAILED'],
    ['worker.straggling', { worker: 'a', blocks: [], waitedMs: 10 }, 'WORKER_STRAGGLING'],
    ['run.finished', { state: 'failed', result: {}, error: { code: 'DIVERGED', message: 'm', hint: 'h' } }, 'DIVERGED'],
    ['run.finished', { state: 'failed', result: {} }, 'INTERNAL'],
  ])('derives an alert from %s %j', (type, fields, code) => {
    const [event, alert] = projectEvent({ sequence: 1, type, at: at(0), data: fields }, place);
    expect(event.severity).not.toBe('info');
    expect(alert).toMatchObject({ severity: event.severity, data: { code, of: event.id } });
    expect(alert.data['message']).not.toContain('?');
    expect(() => parseEvent(JSON.stringify(alert))).not.toThrow();
  });

  it('derives no alert from a run that completes', () => {
    const event = { sequence: 1, type: 'run.finished', at: at(0), data: { state: 'completed', result: {} } };
    expect(projectEvent(event, place)).toMatchObject([{ severity: 'info' }]);
  });

  it('derives measurements from at most about 1000 steps, and from the last', () => {
    const measured = (steps: number): number[] => {
      const all = Array.from({ length: steps + 1 }, (_, step) => projectEvent(committed(step + 1, step, steps), place));
      return all.flatMap((events) => events.slice(1)).map((event) => event.data['step'] as number);
    };
    expect(measured(3)).toEqual([0, 1, 2, 3]);
    const thinned = measured(2501);
    expect(thinned.slice(0, 3)).toEqual([0, 3, 6]);
    expect(thinned.slice(-2)).toEqual([2499, 2501]);
    const [event, measurements] = projectEvent(committed(5), place);
    expect(measurements).toMatchObject({
      id: `${event.id}/measurements`,
      severity: 'info',
      data: { step: 5, measurements: { trainLoss: 1 / 6 } },
    });
  });

  it('publishes a type that it does not know', () => {
    const event = { sequence: 1, type: 'constructor', at: at(0), data: { a: 1 } };
    expect(projectEvent(event, place)).toMatchObject([{ dataschema: 'geodesic:event:constructor:1', severity: 'info', data: { a: 1 } }]);
  });
});

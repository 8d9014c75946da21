import { describe, expect, it } from 'vitest';
import { catalogue, EventsError, parseEvent } from '../src/index.ts';
import type { FieldType, GeodesicEvent } from '../src/index.ts';
import { committed, evaluated, own, paused, place, projected, storageFailed } from './sample-events.ts';

const SAMPLES: Readonly<Record<FieldType, unknown>> = { string: 'a', boolean: true, count: 1, measure: 0.5, object: {}, array: [] };

/** The error of an event in which fields were replaced; a field that is undefined is left out. */
function errorOf(fields: Readonly<Record<string, unknown>>, base: GeodesicEvent = own(committed(1))): string {
  try {
    parseEvent(JSON.stringify({ ...base, ...fields }));
  } catch (error) {
    return error instanceof EventsError && error.code === 'INVALID' ? error.message : 'another error';
  }
  return 'no error';
}

describe('parseEvent', () => {
  it('reads what was projected, from text and from bytes', () => {
    for (const event of [...projected([paused(1), storageFailed(2), committed(3)]), evaluated(3)]) {
      expect(parseEvent(JSON.stringify(event))).toEqual(event);
      expect(parseEvent(Buffer.from(JSON.stringify(event)))).toEqual(event);
    }
  });

  it.each<[Record<string, unknown>, string]>([
    [{ specversion: '0.3' }, 'specversion: expected 1.0, got "0.3"'],
    [{ source: '/elsewhere' }, 'source: expected /clusters/<cluster>/runs/<run>, got "/elsewhere"'],
    [{ subject: 'r2' }, 'subject: expected r1, the run of its source, got "r2"'],
    [{ id: undefined }, 'id: expected text that begins with r1/, got nothing'],
    [{ id: 'r2/1/00' }, 'id: expected text that begins with r1/, got r2/1/00'],
    [{ type: 'step.committed' }, 'type: expected geodesic.<type>, got "step.committed"'],
    [{ dataschema: 'geodesic:event:alert:1' }, 'dataschema: expected geodesic:event:step.committed:<version>, got geodesic:event:alert:1'],
    [{ dataschema: 'geodesic:event:step.committed:2' }, 'dataschema: expected at most version 1 of step.committed, got version 2'],
    [{ time: 'noon' }, 'time: expected a time as in ISO 8601, got noon'],
    [{ datacontenttype: 'text/xml' }, 'datacontenttype: expected application/json, got "text/xml"'],
    [{ severity: 'fatal' }, 'severity: expected info, warning or error, got "fatal"'],
    [{ runsequence: 0 }, 'runsequence: expected an integer from 1, or none, got 0'],
    [{ data: [] }, 'data: expected an object, got []'],
    [{ data: { step: 1 } }, 'data.steps of step.committed: expected an integer from 0, got nothing'],
    [{ data: { ...own(committed(1)).data, step: -1 } }, 'data.step of step.committed: expected an integer from 0, got -1'],
    [{ data: { ...own(committed(1)).data, phase: 7 } }, 'data.phase of step.committed: expected text, got 7'],
  ])('refuses %j', (fields, message) => {
    expect(errorOf(fields)).toBe(message);
  });

  it('refuses what is no JSON, no UTF-8 or no object', () => {
    expect(() => parseEvent('{')).toThrow(/^event: expected JSON, got /);
    expect(() => parseEvent(new Uint8Array([0xff, 0xfe]))).toThrow(/^event: expected JSON, got /);
    expect(() => parseEvent('null')).toThrow('event: expected an object, got null');
  });

  it('lets attributes and fields that it does not know pass, and leaves the attributes out', () => {
    const event = own({ ...paused(1), data: { ...paused(1).data, more: [1] } });
    expect(parseEvent(JSON.stringify({ ...event, traceparent: '00-1' }))).toEqual(event);
  });

  it('lets types that it does not know pass, in any version', () => {
    const event = { ...own({ ...paused(1), type: 'new.kind' }), dataschema: 'geodesic:event:new.kind:7' };
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
  });

  it('lets an event pass that was too large for its data', () => {
    const event = { ...own(committed(1)), data: { truncated: true, bytes: 2_000_000 } };
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
  });

  it('takes null for a measure, which JSON has where a number was not finite', () => {
    const diverged = { ...evaluated(1), data: { ...evaluated(1).data, loss: NaN } };
    expect(parseEvent(JSON.stringify(diverged)).data['loss']).toBeNull();
  });

  it.each(Object.entries(catalogue))('asks for every field of %s', (type, { required, optional, version }) => {
    const base = own({ ...paused(1), type });
    const data = Object.fromEntries(Object.entries(required).map(([field, kind]) => [field, SAMPLES[kind]]));
    expect(base.dataschema).toBe(`geodesic:event:${type}:${version}`);
    expect(errorOf({ data }, base)).toBe('no error');
    for (const field of Object.keys(required))
      expect(errorOf({ data: { ...data, [field]: undefined } }, base)).toContain(`data.${field} of ${type}`);
    for (const field of Object.keys(optional))
      expect(errorOf({ data: { ...data, [field]: false } }, base)).toContain(`data.${field} of ${type}`);
  });

  it('reads what an evaluator says', () => {
    expect(evaluated(5)).toMatchObject({
      id: 'r1/evaluator/5/test/0000000000000005',
      source: `/clusters/${place.cluster}/runs/r1/evaluator`,
      type: 'geodesic.evaluator.result',
    });
    expect(evaluated(5).runsequence).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecords, joinSegments, LOG_START } from '../src/index.ts';
import type { LogEntry, LogRecord, LogSegment } from '../src/index.ts';
import { PROPERTY } from './fixtures.ts';
import { encodeAll, runEntry, stepEntry } from './log-fixtures.ts';
import { SimulatedLog, type Act } from './simulated-log.ts';

const term = (step: number): LogEntry => ({ type: 'term', leader: 'l', step });
const first = encodeAll([runEntry(), stepEntry(1), stepEntry(2)]);

function segment(name: string, bytes: Uint8Array): LogSegment {
  return { name, bytes };
}

function typesOf(records: readonly LogRecord[]): string[] {
  return records.map((record) => `${record.type}${'step' in record ? ` ${record.step}` : ''}`);
}

describe('joinSegments', () => {
  it('is empty where there is nothing', () => {
    const nothing = { records: [], validBytes: 0, next: LOG_START, superseded: 0, unconnected: 0 };
    expect(joinSegments([])).toEqual({ ...nothing, notes: [] });
    expect(joinSegments([segment('a', new Uint8Array(0))])).toEqual({ ...nothing, notes: ['a: no sound record in 0 bytes'] });
  });

  it('goes on in the next segment, past a torn tail', () => {
    const next = encodeAll([term(2), stepEntry(3)], first.next, 2);
    const torn = Buffer.concat([first.bytes, encodeAll([stepEntry(3)], first.next).bytes.subarray(0, 40)]);
    const log = joinSegments([segment('commit.log', torn), segment('commit-000002.log', next.bytes)]);
    expect(typesOf(log.records)).toEqual(['run', 'step 1', 'step 2', 'term 2', 'step 3']);
    expect(log.records.map(({ term: by }) => by)).toEqual([1, 1, 1, 2, 2]);
    expect(log).toMatchObject({ next: next.next, validBytes: next.bytes.length, superseded: 0, unconnected: 0 });
    expect(log.torn).toBeUndefined();
    expect(log.notes).toEqual([
      expect.stringMatching(/^commit.log: the tail is skipped, record 3 at byte \d+: expected \d+ bytes, got 32$/),
    ]);
  });

  it('drops what the next segment supersedes, also if it is longer', () => {
    const zombie = encodeAll([stepEntry(3), stepEntry(4), stepEntry(5)], first.next);
    const next = encodeAll([term(2)], first.next, 2);
    const old = segment('commit.log', Buffer.concat([first.bytes, zombie.bytes]));
    const log = joinSegments([old, segment('commit-000002.log', next.bytes)]);
    expect(typesOf(log.records)).toEqual(['run', 'step 1', 'step 2', 'term 2']);
    expect(log).toMatchObject({ superseded: 3, next: next.next, notes: ['commit.log: 3 records are superseded'] });
  });

  it('says why the newest segment ends early', () => {
    const damaged = Uint8Array.from(first.bytes);
    damaged[damaged.length - 1] ^= 1;
    expect(joinSegments([segment('a', damaged)])).toMatchObject({ torn: expect.stringContaining('record 2 at byte'), superseded: 0 });
  });

  it('ignores a segment that goes on from nowhere, and counts it', () => {
    const lost = encodeAll([stepEntry(3)], { sequence: 3, previous: 'f'.repeat(64) }, 2);
    const log = joinSegments([segment('commit.log', first.bytes), segment('commit-000002.log', lost.bytes)]);
    expect(typesOf(log.records)).toEqual(['run', 'step 1', 'step 2']);
    expect(log.unconnected).toBe(1);
    expect(log.notes).toEqual(['commit-000002.log: ignored, its first record 3 goes on from none of the records before it']);
  });

  it('stands on records that a deposed leader began to write again, and did not finish', () => {
    // Term 1 could not sync two records; term 2 read them and went on; then term 1 writes them again in a new part and dies after the first.
    const unsynced = encodeAll([stepEntry(3), stepEntry(4)], first.next);
    const again = encodeAll([stepEntry(3)], first.next);
    const next = encodeAll([term(4), stepEntry(5)], unsynced.next, 2);
    const log = joinSegments([
      segment('commit.log', Buffer.concat([first.bytes, unsynced.bytes])),
      segment('commit-000001-01.log', again.bytes),
      segment('commit-000002.log', next.bytes),
    ]);
    expect(typesOf(log.records)).toEqual(['run', 'step 1', 'step 2', 'step 3', 'step 4', 'term 4', 'step 5']);
    expect(log.unconnected).toBe(0);
  });
});

describe('a log that many have led', () => {
  it('keeps everything that was announced, in one chain, whoever crashed, was deposed or wrote again', () => {
    const act = fc.record<Act>({
      kind: fc.constantFrom('take-over', 'part', 'zombie', 'zombie-part'),
      writes: fc.nat(3),
      announces: fc.nat(4),
      kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      who: fc.nat(5),
    });
    const property = fc.property(fc.array(act, { minLength: 1, maxLength: 12 }), (acts) => {
      const log = new SimulatedLog();
      for (const one of acts) {
        log.act(one);
        const { records, unconnected, next } = log.joined();
        expect(unconnected).toBe(0);
        expect(records.slice(0, log.announced.length).map(({ hash }) => hash)).toEqual(log.announced);
        for (const [i, record] of records.entries()) {
          const before = i === 0 ? LOG_START.previous : records[i - 1].hash;
          expect([record.sequence, record.previous]).toEqual([i, before]);
        }
        expect(next).toEqual({ sequence: records.length, previous: records.at(-1)?.hash ?? LOG_START.previous });
      }
    });
    fc.assert(property, { ...PROPERTY, numRuns: 120 });
  });

  it('is exactly what was announced when the last leader loses the rest', () => {
    const leaders = fc.array(fc.record({ writes: fc.integer({ min: 1, max: 4 }), zombie: fc.nat(3) }), { minLength: 1, maxLength: 6 });
    const property = fc.property(leaders, (all) => {
      const log = new SimulatedLog();
      for (const { writes, zombie } of all) {
        log.act({ kind: 'take-over', writes, announces: writes + 1, kept: 0, who: 0 });
        log.act({ kind: 'zombie', writes: zombie, announces: 0, kept: 1, who: zombie });
        log.act({ kind: 'zombie-part', writes: zombie, announces: 0, kept: 0.7, who: zombie });
        expect(log.joined().records.map(({ hash }) => hash)).toEqual(log.announced);
      }
    });
    fc.assert(property, { ...PROPERTY, numRuns: 60 });
  });

  it('decodes a segment from where it begins', () => {
    const next = encodeAll([term(2), stepEntry(3)], first.next, 2);
    expect(decodeRecords(next.bytes, first.next).records).toHaveLength(2);
    expect(decodeRecords(next.bytes).torn).toContain('expected sequence 0, got 3');
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commitsAfter, encodeRecord, joinSegments, LOG_FORMAT, verifyLog, viewLog } from '../src/index.ts';
import type { LogEntry } from '../src/index.ts';
import { recordsOf, runEntry } from './log-fixtures.ts';

/** Written by the encoder of the version before `rounds`: a run with a taken-back and a rejected attempt, stopped after step 3. */
const bytes = readFileSync(new URL('upgrade/commit-log-format-1.bin', import.meta.url));

describe('a log of format 1', () => {
  const joined = joinSegments([{ name: 'commit.log', bytes }]);

  it('is read, with the hashes that it was written with', () => {
    expect(joined.torn).toBeUndefined();
    expect(joined.records).toHaveLength(9);
    expect(joined.next.previous).toBe('46c208ea988321eb629cf6e9749a0366f20ea84f8abdbab3e7c12cb89002b2aa');
  });

  it('says where the run stands and what follows its checkpoints', () => {
    const view = viewLog(joined.records);
    expect(view).toMatchObject({ run: { run: '20261120-101112-old' }, head: { step: 3, version: 4 }, term: 1, stopRequested: true });
    expect(view.run.format).toBeUndefined();
    expect(view.finished?.state).toBe('stopped');
    expect(commitsAfter(view, { step: 2, version: 2 }).map(({ type, attempt }) => `${type} ${attempt}`)).toEqual([
      'rejected 0',
      'rejected 1',
      'step 2',
    ]);
  });

  it('is sound', () => {
    expect(verifyLog(joined.records)).toMatchObject({
      faults: [],
      steps: 3,
      rejected: 2,
      takenBack: 1,
      rounds: 3,
      examples: 192,
      terms: 1,
    });
  });

  it('is gone on with by records of this format', () => {
    const term: LogEntry = { type: 'term', leader: 'new', step: 3 };
    const next = encodeRecord(term, { ...joined.next, term: 2 });
    const log = joinSegments([
      { name: 'commit.log', bytes },
      { name: 'commit-000002.log', bytes: next.bytes },
    ]);
    expect(viewLog(log.records)).toMatchObject({ term: 2, stopRequested: false, head: { step: 3, version: 4 } });
    expect(viewLog(log.records).finished).toBeUndefined();
    expect(verifyLog(log.records).faults).toEqual([]);
  });
});

describe('a log of a newer format', () => {
  it('is refused with both numbers', () => {
    const records = recordsOf([runEntry({ format: LOG_FORMAT + 1 })]);
    expect(() => viewLog(records)).toThrow('viewLog: expected a log of format 2 or older, got format 3');
    expect(verifyLog(records).faults).toEqual(['record 0 (run): expected format 2 or older, got 3']);
  });
});

import { describe, expect, it } from 'vitest';
import { commitsAfter, viewLog } from '../src/index.ts';
import type { ControlEntry, FinishedEntry, LogEntry } from '../src/index.ts';
import { recordsOf, rejectedEntry, runEntry, stepEntry } from './log-fixtures.ts';

const control = (action: ControlEntry['action'], step: number, more: Partial<ControlEntry> = {}): ControlEntry => ({
  type: 'control',
  action,
  step,
  reason: 'asked',
  ...more,
});
const term = (step: number): LogEntry => ({ type: 'term', leader: 'l', step });

function finished(state: FinishedEntry['state'], version: number): FinishedEntry {
  return { type: 'finished', state, step: 2, version, chain: `chain ${version}`, paramsDigest: 'p' };
}

function view(...entries: LogEntry[]): ReturnType<typeof viewLog> {
  return viewLog(recordsOf([runEntry(), ...entries]));
}

describe('viewLog', () => {
  it('begins where the first checkpoint stands, that of a fork too', () => {
    expect(view()).toMatchObject({ term: 1, commits: [], head: { step: 0, version: 0, chain: 'chain 0' }, stopRequested: false });
    const fork = runEntry({ step: 40, version: 43, chain: 'chain 43' });
    expect(viewLog(recordsOf([fork])).head).toEqual({ step: 40, version: 43, chain: 'chain 43' });
  });

  it('moves the head with steps and with changes taken back, not with other rejections', () => {
    expect(view(stepEntry(1)).head).toEqual({ step: 1, version: 1, chain: 'chain 1' });
    expect(view(stepEntry(1), rejectedEntry(2, 0)).head).toEqual({ step: 1, version: 1, chain: 'chain 1' });
    expect(view(stepEntry(1), rejectedEntry(2, 0, 2)).head).toEqual({ step: 1, version: 2, chain: 'chain 2' });
    expect(view(stepEntry(1), rejectedEntry(2, 0, 2), stepEntry(2, { version: 3 })).head.version).toBe(3);
  });

  it('keeps the first pause until somebody resumes or stops the run', () => {
    expect(view(control('pause', 3), control('pause', 3), term(2)).pausedFrom).toBe(3);
    expect(view(control('pause', 3), control('resume', 3)).pausedFrom).toBeUndefined();
    expect(view(control('pause', 3), control('resume', 3), control('pause', 5)).pausedFrom).toBe(5);
    expect(view(control('pause', 3), control('stop', 3), term(2)).pausedFrom).toBeUndefined();
  });

  it('knows how many workers are wanted, and the fingerprint that holds', () => {
    const [before, after] = [{ node: '20' }, { node: '22' }].map((fingerprint): LogEntry => ({ type: 'fingerprint', fingerprint }));
    const seen = view(before, control('scale', 1, { workers: 3 }), control('scale', 1, { workers: 5 }), after);
    expect(seen.wantedWorkers).toBe(5);
    expect(seen.fingerprint).toMatchObject({ fingerprint: { node: '22' } });
  });

  it('forgets a stop and an end once a later term takes the run up', () => {
    const stopped = [stepEntry(1), stepEntry(2), control('stop', 3), finished('stopped', 2)];
    expect(view(...stopped)).toMatchObject({ stopRequested: true, finished: { state: 'stopped' } });
    const taken = view(...stopped, term(2));
    expect(taken).toMatchObject({ term: 2, stopRequested: false, head: { step: 2 } });
    expect(taken.finished).toBeUndefined();
  });

  it('refuses what does not begin with a run', () => {
    expect(() => viewLog([])).toThrow('viewLog: record 0: expected a run, got no record');
    expect(() => viewLog(recordsOf([stepEntry(1)]))).toThrow('viewLog: record 0: expected a run, got step');
  });
});

describe('commitsAfter', () => {
  const log = view(
    stepEntry(0, { phase: 'init', version: 1 }),
    stepEntry(1, { version: 2 }),
    control('pause', 2),
    rejectedEntry(2, 0, 3), // takes step 1 back
    rejectedEntry(2, 1),
    stepEntry(2, { attempt: 2, version: 4 }),
    rejectedEntry(3, 0),
    stepEntry(3, { attempt: 1, version: 5 }),
  );
  const after = (step: number, version: number): string[] =>
    commitsAfter(log, { step, version }).map(({ type, step: of, attempt }) => `${type} ${of}.${attempt}`);
  const all = ['step 0.0', 'step 1.0', 'rejected 2.0', 'rejected 2.1', 'step 2.2', 'rejected 3.0', 'step 3.1'];

  it.each([
    ['the first one', 0, 0, 0],
    ['one after the initialisation', 0, 1, 1],
    ['one taken right before its step was taken back', 1, 2, 2],
    ['one taken after that, by a run that ended there', 1, 3, 3],
    ['one before a rejected attempt', 2, 4, 5],
    ['the last one', 3, 5, 7],
  ])('is what follows %s', (_, step, version, skipped) => {
    expect(after(step, version)).toEqual(all.slice(skipped));
  });

  it('counts from where a fork begins', () => {
    const fork = viewLog(recordsOf([runEntry({ step: 40, version: 43, chain: 'chain 43' }), stepEntry(41, { version: 44 })]));
    expect(commitsAfter(fork, { step: 40, version: 43 })).toHaveLength(1);
    expect(commitsAfter(fork, { step: 41, version: 44 })).toEqual([]);
  });

  it('refuses a checkpoint that is not of this log', () => {
    expect(() => after(4, 6)).toThrow('expected a checkpoint of this log, which goes to step 3 at version 5, got step 4 at version 6');
    expect(() => after(2, 2)).toThrow('got step 2 at version 2');
  });
});

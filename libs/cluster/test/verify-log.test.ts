import { describe, expect, it } from 'vitest';
import { verifyLog } from '../src/index.ts';
import type { ControlEntry, FinishedEntry, LogEntry, LogRecord, RoundRecord, RunEntry } from '../src/index.ts';
import { covered, recordsOf, rejectedEntry, roundRecord, runEntry, stepEntry } from './log-fixtures.ts';

const control = (changes: Partial<ControlEntry>): ControlEntry => ({ type: 'control', action: 'pause', step: 1, reason: '', ...changes });
const term = (step: number): LogEntry => ({ type: 'term', leader: 'l', step });
const fingerprint = (node: string, rebased?: true): LogEntry => ({
  type: 'fingerprint',
  fingerprint: { node },
  ...(rebased && { rebased }),
});
const finished = (step: number, version: number, state: FinishedEntry['state'] = 'completed'): LogEntry => ({
  type: 'finished',
  state,
  step,
  version,
  chain: `chain ${version}`,
  paramsDigest: 'p',
});

/** Two terms, an initialisation, a rejected and a taken-back attempt, a failed round, a pause. */
const entries: readonly LogEntry[] = [
  runEntry(),
  fingerprint('20'),
  stepEntry(0, { phase: 'init', version: 1 }),
  stepEntry(1, { version: 2 }),
  control({ action: 'pause', step: 3 }),
  {
    ...rejectedEntry(2, 0, 3),
    rounds: [roundRecord(2, { phase: 'gram' }), roundRecord(2, { coverage: [], examples: 0, failed: 'Log makes NaN' })],
  },
  rejectedEntry(2, 1),
  stepEntry(2, {
    attempt: 2,
    version: 4,
    rounds: [roundRecord(2, { attempt: 2, phase: 'grad' }), roundRecord(2, { attempt: 2, phase: 'trial' })],
    phase: 'trial',
  }),
  term(2),
  control({ action: 'resume', step: 3 }),
  fingerprint('22', true),
  control({ action: 'scale', step: 3, workers: 4 }),
  control({ action: 'drain', step: 4, worker: 'w1' }),
  stepEntry(3, { version: 5 }),
  finished(3, 5),
];

/** What is found in the log when one of its entries is another. */
function faultsWith(index: number, changes: object): readonly string[] {
  return verifyLog(recordsOf(entries.map((entry, i) => (i === index ? { ...entry, ...changes } : entry)))).faults;
}

function faultsOf(...more: LogEntry[]): readonly string[] {
  return verifyLog(recordsOf([runEntry(), ...more])).faults;
}

describe('verifyLog', () => {
  it('finds nothing in a sound log, and counts what is in it', () => {
    const head = { step: 3, version: 5, chain: 'chain 5' };
    const commits = { steps: 4, rejected: 2, takenBack: 1, rounds: 8, examples: 240, droppedSlots: 0 };
    expect(verifyLog(recordsOf(entries))).toEqual({ faults: [], records: 15, terms: 2, head, ...commits });
  });

  it('says that an empty log is none', () => {
    expect(verifyLog([]).faults).toEqual(['the log: expected a run in record 0, got none']);
  });

  it.each<[string, number, object, string]>([
    ['a step that is missing', 13, { step: 4 }, 'record 13 (step 4): expected step 3, got 4'],
    ['a step that is there twice', 13, { step: 2 }, 'record 13 (step 2): expected step 3, got 2'],
    ['a wrong attempt', 7, { attempt: 1 }, 'record 7 (step 2): expected attempt 2, got 1'],
    ['a rejection out of order', 6, { attempt: 2 }, 'record 6 (rejected 2): expected attempt 1, got 2'],
    ['a version that is missing', 3, { version: 3 }, 'record 3 (step 1): expected version 2, got 3'],
    ['a chain that comes again', 13, { chain: 'chain 2' }, 'record 13 (step 3): expected a new chain, got that of version 2'],
    ['other examples than those of the last round', 13, { examples: 59 }, 'record 13 (step 3): expected number of examples 60, got 59'],
    [
      'another digest than that of the last round',
      13,
      { inputDigest: 'x' },
      'record 13 (step 3): expected input digest digest 3.0 grad, got x',
    ],
    ['another phase than that of the last round', 7, { phase: 'quad' }, 'record 7 (step 2): expected phase trial, got quad'],
    ['a step without its rounds', 13, { rounds: [] }, 'record 13 (step 3): expected the rounds behind it, got none'],
    ['a term that goes on elsewhere', 8, { step: 1 }, 'record 8 (term 1): expected step 2, got 1'],
    ['a request for the past', 4, { step: 1 }, 'record 4 (control 1): expected it to hold from step 2 or 3 on, got 1'],
    ['a request for the far future', 12, { step: 5 }, 'record 12 (control 5): expected it to hold from step 3 or 4 on, got 5'],
    ['an unknown request', 12, { action: 'explode' }, 'record 12 (control 4): expected pause, resume, stop, scale or drain, got explode'],
    ['a scale to nothing', 11, { workers: undefined }, 'record 11 (control 3): expected a number of workers, got undefined'],
    ['a drain of nobody', 12, { worker: undefined }, 'record 12 (control 4): expected a worker, got none'],
    ['a step in a pause', 4, { step: 2 }, 'record 5 (rejected 2): the run was paused from step 2 on'],
    [
      'another fingerprint',
      10,
      { rebased: undefined },
      'record 10 (fingerprint): expected the fingerprint {"fingerprint":{"node":"20"}}, got {"fingerprint":{"node":"22"}}',
    ],
    [
      'an end elsewhere',
      14,
      { step: 2 },
      'record 14 (finished 2): expected an end after one of the commits, got step 2 at version 5 with chain chain 5',
    ],
    ['a record from nowhere', 1, { type: 'x' }, 'record 1 (x): expected a kind of record that is known here'],
    ['a second run', 1, { type: 'run' }, 'record 1 (run): expected a run in record 0 and nowhere else'],
  ])('finds %s', (_, index, changes, fault) => {
    expect(faultsWith(index, changes)).toContain(fault);
  });

  it.each<[string, Partial<RoundRecord>, string]>([
    ['a slot that counts twice', { coverage: [...covered('w1', 0, 6), ...covered('w2', 5, 8)] }, 'slot 5: counted twice, by w1 and by w2'],
    [
      'slots in two nested blocks',
      { coverage: [...covered('w1', 0, 8), ...covered('w2', 2, 4)] },
      'slots 2 to 3: counted twice, by w1 and by w2',
    ],
    ['slots that do not count', { coverage: [...covered('w1', 0, 3), ...covered('w2', 5, 8)] }, 'slots 3 to 4: not counted'],
    ['slots that do not count at the end', { coverage: covered('w1', 0, 7) }, 'expected a power of two of slots, got 7'],
    ['nobody at all', { coverage: [] }, 'expected a power of two of slots, got 0'],
    [
      'what is no block',
      { coverage: [{ worker: 'w1', incarnation: '', block: { level: -1, index: 0.5 } }] },
      '-1:0.5 of w1 is no block of slots',
    ],
    ['dropped slots in an exact run', { coverage: covered('w1', 0, 7), dropped: [7] }, 'left out in an exact run: slots 7'],
    ['what is no number of examples', { examples: -1 }, 'expected a number of examples, got -1'],
    ['a failed round that counts', { failed: 'NaN' }, 'it could not be computed, and yet slots or examples of it count'],
    ['another attempt', { attempt: 1 }, 'expected attempt 0, got 1'],
  ])('finds %s in a round', (_, changes, fault) => {
    const rounds = [roundRecord(1, { phase: 'gram', ...changes }), roundRecord(1)];
    expect(faultsOf(stepEntry(1, { rounds }))).toContain(`record 1 (step 1): rounds[0] (gram): ${fault}`);
  });

  it('finds a total that was used twice, and an attempt that saw other examples', () => {
    const again = stepEntry(2, { rounds: [roundRecord(1)] });
    expect(faultsOf(stepEntry(1), again)).toEqual([
      'record 2 (step 2): rounds[0] (grad): expected a new input digest, got digest 1.0 grad again',
    ]);
    const lost = stepEntry(1, { attempt: 1, rounds: [roundRecord(1, { attempt: 1, examples: 59 })] });
    expect(faultsOf(rejectedEntry(1, 0), lost)).toEqual([
      'record 2 (step 1): rounds[0] (grad): expected 60 examples as in an earlier attempt, got 59',
    ]);
  });

  it('counts slots that a relaxed run left out, and wants the others once', () => {
    const relaxed: RunEntry = runEntry({ exactness: 'relaxed' });
    const left = (dropped: number[]): ReturnType<typeof verifyLog> =>
      verifyLog(recordsOf([relaxed, stepEntry(1, { rounds: [roundRecord(1, { coverage: covered('w1', 0, 6), dropped })] })]));
    expect(left([6, 7])).toMatchObject({ faults: [], droppedSlots: 2 });
    expect(left([5, 6, 7]).faults).toEqual(['record 1 (step 1): rounds[0] (grad): slot 5: counted twice, by w1 and by nobody (left out)']);
    expect(left([6]).faults).toEqual(['record 1 (step 1): rounds[0] (grad): expected a power of two of slots, got 7']);
    expect(left([6, 7.5]).faults).toEqual(['record 1 (step 1): rounds[0] (grad): expected slots that were left out, got 7.5']);
  });

  it('finds what comes after the end, unless a later term takes up a run that was not completed', () => {
    expect(faultsOf(stepEntry(1), finished(1, 1, 'stopped'), stepEntry(2))).toEqual([
      'record 3 (step 2): expected nothing after the end at step 1',
    ]);
    expect(faultsOf(stepEntry(1), finished(1, 1, 'stopped'), term(1), stepEntry(2))).toEqual([]);
    expect(faultsOf(stepEntry(1), finished(1, 1), finished(1, 1))).toEqual(['record 3 (finished 1): expected one end, got another']);
  });

  it('lets a completed run be computed again, to the same end', () => {
    const end = finished(1, 1);
    expect(faultsOf(stepEntry(1), end, term(1), end)).toEqual([]);
    expect(faultsOf(stepEntry(1), end, term(1), { ...finished(1, 1), paramsDigest: 'x' } as LogEntry)).toEqual([
      'record 4 (finished 1): expected paramsDigest p, got x',
    ]);
    expect(faultsOf(stepEntry(1), end, term(1), stepEntry(2))).toEqual([
      'record 4 (step 2): expected nothing after the run was completed at step 1',
    ]);
  });

  it('takes the end of a run that was stopped while it made again what the log has', () => {
    expect(faultsOf(stepEntry(1), stepEntry(2), term(2), control({ action: 'stop', step: 2 }), finished(1, 1, 'stopped'))).toEqual([]);
    expect(faultsOf(stepEntry(1), stepEntry(2), finished(1, 1, 'completed'))).toHaveLength(1);
  });

  it('finds terms without a record of them, and terms that go back', () => {
    const records = recordsOf([runEntry(), stepEntry(1), stepEntry(2)]);
    const led = (...terms: number[]): readonly string[] => verifyLog(records.map((record, i) => ({ ...record, term: terms[i] }))).faults;
    expect(led(1, 1, 2)).toEqual(['record 2 (step 2): expected every later term to begin with a record of it, and only so']);
    expect(led(2, 2, 1)).toEqual(['record 2 (step 2): expected term 2 or a later one, got 1']);
  });

  it('says of a record whose fields are not what they should be that it cannot be read, and goes on', () => {
    for (const changes of [{ rounds: 7 }, { rounds: [{}] }, { rounds: [{ coverage: [{}] }] }, { rounds: [null] }]) {
      const faults = faultsWith(13, changes);
      expect(faults.some((fault) => fault.startsWith('record 13 (step 3): expected its fields, got'))).toBe(true);
    }
  });

  it('finds records that do not follow each other', () => {
    const records = recordsOf([runEntry(), stepEntry(1), stepEntry(2)]);
    const changed = (changes: Partial<LogRecord>): readonly string[] =>
      verifyLog(records.map((record, i) => (i === 2 ? ({ ...record, ...changes } as LogRecord) : record))).faults;
    expect(changed({ sequence: 3 })).toEqual(['record 2 (step 2): expected sequence 2, got 3']);
    expect(changed({ previous: 'x' })).toEqual([`record 2 (step 2): expected previous hash ${records[1].hash}, got x`]);
  });
});

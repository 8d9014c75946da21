import { beforeEach, describe, expect, it } from 'vitest';
import { CoordinatorMachine, rootBlock } from '../src/index.ts';
import type { Block, Contribution, CoordinatorAction, RoundIdentity } from '../src/index.ts';
import { brief } from './coordinator-driver.ts';
import { bitsOf, blockContribution, definition, planOf } from './fixtures.ts';

const SEED = 11;
const LEASE = 100;
const plan = planOf(8);
const fingerprint = { node: '20' };

let machine: CoordinatorMachine;

beforeEach(() => {
  machine = new CoordinatorMachine({ leaseMs: LEASE });
});

function join(worker: string, at = 0, incarnation = worker): CoordinatorAction[] {
  return machine.handle({ type: 'joined', at, worker, incarnation, fingerprint });
}

function begin(round = plan): CoordinatorAction[] {
  return machine.handle({ type: 'begin-round', at: 0, plan: round });
}

function contribute(
  worker: string,
  block: Block,
  changes: { round?: RoundIdentity; contribution?: Contribution } = {},
): CoordinatorAction[] {
  const { round = plan, contribution = blockContribution(SEED, block) } = changes;
  return machine.handle({ type: 'contribution', at: 0, worker, incarnation: worker, round, contribution });
}

describe('CoordinatorMachine: a round', () => {
  it('assigns all slots, and completes with the same total whatever came first', () => {
    join('a');
    join('b');
    expect(brief(begin())).toEqual(['assign a 0,1,2,3', 'assign b 4,5,6,7']);
    expect(brief(contribute('b', { level: 2, index: 1 }))).toEqual(['accepted']);
    const actions = contribute('a', { level: 2, index: 0 });
    expect(brief(actions)).toEqual(['accepted', 'round-complete']);
    const complete = actions[1];
    if (complete.type !== 'round-complete') throw new Error('not complete');
    expect(bitsOf(complete.total)).toBe(bitsOf(definition(SEED, rootBlock(8))));
    expect(complete.coverage.map(({ worker }) => worker)).toEqual(['a', 'b']);
    expect(machine.round).toBeUndefined();
  });

  it('waits for ever without workers and goes on when one joins', () => {
    expect(begin()).toEqual([]);
    machine.handle({ type: 'tick', at: 1e9 });
    expect(brief(join('a', 1e9))).toEqual(['admit a', 'assign a 0,1,2,3,4,5,6,7']);
  });

  it('refuses to begin a round inside another, and the last identity again', () => {
    join('a');
    begin();
    expect(() => begin(planOf(8, { step: 2 }))).toThrow('begin-round: expected no round in progress, got step 1');
    contribute('a', rootBlock(8));
    expect(() => begin()).toThrow('begin-round: expected another identity than the last round');
    expect(() => begin(planOf(6, { step: 2 }))).toThrow('expected slots to be a power of two, got 6');
  });
});

describe('CoordinatorMachine: contributions', () => {
  beforeEach(() => {
    join('a');
    join('b');
    begin();
  });

  it('answers duplicate, also after the round, and counts nothing twice', () => {
    contribute('a', { level: 2, index: 0 });
    expect(brief(contribute('a', { level: 2, index: 0 }))).toEqual(['duplicate']);
    expect(brief(contribute('b', { level: 0, index: 3 }))).toEqual(['duplicate']);
    contribute('b', { level: 2, index: 1 });
    expect(brief(contribute('b', { level: 2, index: 1 }))).toEqual(['duplicate']);
  });

  it.each([
    ['run', { run: 'other' }],
    ['step', { step: 2 }],
    ['attempt', { attempt: 1 }],
    ['phase', { phase: 'trial' }],
    ['input digest', { inputDigest: 'e' }],
  ])('answers stale when the %s differs', (_, change) => {
    expect(brief(contribute('a', { level: 2, index: 0 }, { round: { ...plan, ...change } }))).toEqual(['stale']);
  });

  it('lets a superset replace its accepted parts', () => {
    contribute('a', { level: 1, index: 0 });
    const actions = contribute('b', rootBlock(8));
    expect(brief(actions)).toEqual(['accepted', 'round-complete']);
    expect(actions[1]).toMatchObject({ coverage: [{ worker: 'b', block: rootBlock(8) }] });
  });

  it('quarantines a worker for a corrupt contribution and hands its slots on', () => {
    const contribution = blockContribution(SEED, { level: 2, index: 0 });
    contribution.sums[3] = Number.NaN;
    const actions = contribute('a', contribution.block, { contribution });
    expect(brief(actions)).toEqual(['corrupt', 'quarantine a 10000', 'evict a', 'assign b 4,5,6,7,0,1,2,3']);
    expect(actions[2]).toMatchObject({ reason: 'corrupt contribution: sums: expected finite numbers, got NaN at 3' });
  });

  it('takes a malformed header for a corrupt contribution, of the present round only', () => {
    const malformed = { type: 'malformed', at: 0, worker: 'a', incarnation: 'a', reason: 'expected 5 sums, got 10^9' } as const;
    expect(machine.handle({ ...malformed, round: { ...plan, step: 2 } })).toEqual([]);
    expect(brief(machine.handle({ ...malformed, round: plan }))).toEqual(['quarantine a 10000', 'evict a', 'assign b 4,5,6,7,0,1,2,3']);
  });

  it('assigns the rest anew after an overlap', () => {
    const lying = { ...blockContribution(SEED, { level: 2, index: 0 }), count: 0 };
    contribute('b', { level: 0, index: 1 });
    const actions = contribute('a', lying.block, { contribution: lying });
    expect(brief(actions)).toEqual(['overlap', 'assign a 0,2,3']);
  });
});

describe('CoordinatorMachine: membership', () => {
  it('keeps accepted slots and reassigns only the uncovered ones of a lost worker', () => {
    for (const worker of ['a', 'b']) join(worker);
    begin();
    contribute('a', { level: 1, index: 0 });
    const left = machine.handle({ type: 'left', at: 1, worker: 'a', incarnation: 'a', reason: 'stream reset' });
    expect(brief(left)).toEqual(['assign b 4,5,6,7,2,3']);
  });

  it('accepts the late contribution of an evicted worker when it fits', () => {
    for (const worker of ['a', 'b']) join(worker);
    begin();
    machine.handle({ type: 'heartbeat', at: 90, worker: 'b', incarnation: 'b', generation: 2, open: 1 });
    expect(brief(machine.handle({ type: 'tick', at: 101 }))).toEqual(['evict a', 'assign b 4,5,6,7,0,1,2,3']);
    expect(brief(contribute('a', { level: 2, index: 0 }))).toEqual(['accepted']);
    expect(brief(machine.handle({ type: 'heartbeat', at: 102, worker: 'a', incarnation: 'a', generation: 1, open: 0 }))).toEqual([
      'evict a',
    ]);
  });

  it('lets a late worker idle while every slot is somebody’s', () => {
    join('a');
    begin();
    expect(brief(join('b'))).toEqual(['admit b']);
    expect(brief(machine.handle({ type: 'left', at: 1, worker: 'a', incarnation: 'a', reason: '' }))).toEqual(['assign b 0,1,2,3,4,5,6,7']);
  });

  it('prefers workers with nothing to do when slots come free', () => {
    for (const worker of ['a', 'b', 'c']) join(worker);
    begin();
    contribute('a', { level: 1, index: 0 });
    expect(brief(machine.handle({ type: 'left', at: 1, worker: 'b', incarnation: 'b', reason: '' }))).toEqual(['assign a 2,3,4']);
  });

  it('repeats an assignment that a heartbeat shows to be lost, with its covered part left out', () => {
    join('a');
    join('b');
    begin();
    const beat = (generation: number, open: number): string[] =>
      brief(machine.handle({ type: 'heartbeat', at: 1, worker: 'b', incarnation: 'b', generation, open }));
    expect(beat(0, 0)).toEqual(['assign b 4,5,6,7']);
    expect(beat(2, 1)).toEqual([]);
    expect(beat(2, 0)).toEqual(['assign b 4,5,6,7']);
    expect(beat(3, 1)).toEqual([]);
  });

  it('replaces an older incarnation and ignores what is still said of it', () => {
    join('a', 0, 'old');
    begin();
    expect(brief(join('a', 1, 'new'))).toEqual(['evict a', 'admit a', 'assign a 0,1,2,3,4,5,6,7']);
    expect(machine.handle({ type: 'left', at: 2, worker: 'a', incarnation: 'old', reason: '' })).toEqual([]);
    expect(machine.workers).toEqual(['a']);
  });

  it('assigns anew, with a newer generation, when the same process comes back', () => {
    join('a');
    begin();
    const [admit, assign] = join('a', 1);
    expect(admit).toMatchObject({ type: 'admit', generation: 1 });
    expect(assign).toMatchObject({ type: 'assign', assignment: { generation: 2 } });
  });

  it('refuses another fingerprint by field', () => {
    join('a');
    const actions = machine.handle({ type: 'joined', at: 0, worker: 'b', incarnation: 'b', fingerprint: { node: '22' } });
    expect(actions).toMatchObject([{ type: 'refuse', code: 'FINGERPRINT_MISMATCH', field: 'node', expected: '"20"', got: '"22"' }]);
  });
});

describe('CoordinatorMachine: a program that fails', () => {
  const fail = (round: RoundIdentity, worker = 'a'): CoordinatorAction[] =>
    machine.handle({ type: 'program-failed', at: 0, worker, incarnation: worker, round, reason: 'Log makes NaN' });

  it('drops the round and keeps its members, for another attempt', () => {
    join('a');
    join('b');
    begin();
    contribute('b', { level: 2, index: 1 });
    expect(fail(plan)).toEqual([{ type: 'abandon-round', round: plan, worker: 'a', reason: 'Log makes NaN' }]);
    expect([machine.round, machine.workers]).toEqual([undefined, ['a', 'b']]);
    expect(brief(begin({ ...plan, attempt: 1 }))).toEqual(['assign a 0,1,2,3', 'assign b 4,5,6,7']);
  });

  it('takes what still comes of the round for stale', () => {
    join('a');
    begin();
    fail(plan);
    expect(fail(plan)).toEqual([]);
    expect(brief(contribute('a', { level: 3, index: 0 }))).toEqual(['stale']);
    begin({ ...plan, attempt: 1 });
    expect(fail(plan)).toEqual([]);
    expect(brief(contribute('a', { level: 3, index: 0 }))).toEqual(['stale']);
    expect(machine.round?.attempt).toBe(1);
  });

  it('does not mind a failure in a round that others have completed', () => {
    join('a');
    begin();
    contribute('a', { level: 3, index: 0 });
    expect(fail(plan)).toEqual([]);
  });
});

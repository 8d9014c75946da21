import { beforeEach, describe, expect, it } from 'vitest';
import { inputDigest, WorkerMachine } from '../src/index.ts';
import type { Block, Position, RoundPlan, WorkerAction } from '../src/index.ts';
import { blockContribution, planOf } from './fixtures.ts';

const SLOT_PAIRS: readonly Block[] = [0, 1, 2].map((index) => ({ level: 1, index }));
const position = (version: number): Position => ({ version, chain: `c${version}`, checksum: `s${version}` });

function roundOf(version: number): RoundPlan {
  const round = planOf(8, { step: version + 1, version });
  return { ...round, inputDigest: inputDigest({ ...position(version), step: round.step, attempt: 0, phase: 'grad' }) };
}

let machine: WorkerMachine;

beforeEach(() => {
  machine = new WorkerMachine({ maxRetries: 1 });
  machine.handle({ type: 'welcome', run: 'r', generation: 10 });
});

function assign(generation: number, blocks: readonly Block[] = SLOT_PAIRS, round = roundOf(0)): string[] {
  return brief(machine.handle({ type: 'assign', assignment: { generation, round, blocks } }));
}

function state(version: number): string[] {
  return brief(machine.handle({ type: 'state', ...position(version) }));
}

function computed(index: number, round = roundOf(0)): string[] {
  return brief(machine.handle({ type: 'computed', round, contribution: blockContribution(1, { level: 1, index }) }));
}

function answered(index: number, result: 'accepted' | 'stale' = 'accepted'): string[] {
  return brief(machine.handle({ type: 'acknowledged', round: roundOf(0), block: { level: 1, index }, result }));
}

function broken(index: number): string[] {
  return brief(machine.handle({ type: 'contribution-failed', round: roundOf(0), block: { level: 1, index } }));
}

function brief(actions: readonly WorkerAction[]): string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'compute':
        return `compute ${action.block.index}`;
      case 'contribute':
        return `contribute ${action.contribution.block.index} ${action.delayMs === undefined ? `retry ${action.retry}` : `after ${action.delayMs} ms`}`;
      default:
        return action.type;
    }
  });
}

describe('WorkerMachine: computing', () => {
  it('computes one block at a time and sends each as it is ready', () => {
    state(0);
    expect(assign(11)).toEqual(['compute 0']);
    expect(computed(0)).toEqual(['contribute 0 retry 0', 'compute 1']);
    expect(machine.status).toEqual({ generation: 11, open: 3 });
    expect(answered(0)).toEqual([]);
    expect(computed(1)).toEqual(['contribute 1 retry 0', 'compute 2']);
  });

  it('waits for the inputs of a round', () => {
    state(0);
    expect(assign(11, SLOT_PAIRS, roundOf(2))).toEqual([]);
    expect(state(1)).toEqual([]);
    expect(state(2)).toEqual(['compute 0']);
  });

  it('drops an assignment whose inputs it has left behind', () => {
    state(3);
    expect(assign(11)).toEqual([]);
    expect(machine.status.open).toBe(0);
  });

  it('pauses while too many finished blocks wait for an answer', () => {
    state(0);
    assign(11);
    computed(0);
    expect(computed(1)).toEqual(['contribute 1 retry 0']);
    expect(answered(0)).toEqual(['compute 2']);
  });

  it('fetches snapshots when it has diverged, and fails when they do not help', () => {
    machine.handle({ type: 'state', ...position(0), checksum: 'other' });
    expect(assign(11)).toEqual(['resynchronise']);
    expect(machine.handle({ type: 'state', ...position(0), checksum: 'other' })).toMatchObject([{ type: 'resynchronise', version: 0 }]);
    expect(machine.handle({ type: 'state', ...position(0), checksum: 'other' })).toMatchObject([{ type: 'fail' }]);
    expect(state(0)).toEqual([]);
  });

  it('computes after a snapshot that helped', () => {
    machine.handle({ type: 'state', ...position(0), checksum: 'other' });
    assign(11);
    expect(state(0)).toEqual(['compute 0']);
  });
});

describe('WorkerMachine: rounds with inputs', () => {
  const inputs = {
    vectors: [{ name: 'direction', digest: 'sha256:00', length: 2 }],
    move: { digest: 'sha256:00', length: 2, alpha: 1, mu: 0 },
  };
  const round: RoundPlan = {
    ...roundOf(0),
    inputs,
    inputDigest: inputDigest({ ...position(0), step: 1, attempt: 0, phase: 'grad', inputs }),
  };

  it('computes what was planned with the same inputs, and nothing else', () => {
    state(0);
    expect(assign(11, SLOT_PAIRS, round)).toEqual(['compute 0']);
  });

  it('takes other inputs under the same identity for a divergence', () => {
    state(0);
    expect(assign(11, SLOT_PAIRS, { ...round, inputs: { vectors: [] } })).toEqual(['resynchronise']);
  });
});

describe('WorkerMachine: a program that fails', () => {
  it('forgets the round and stays ready for the next', () => {
    state(0);
    assign(11);
    expect(brief(machine.handle({ type: 'compute-failed', round: roundOf(0) }))).toEqual([]);
    expect(machine.status).toEqual({ generation: 11, open: 0 });
    const next = { ...roundOf(0), attempt: 1, inputDigest: inputDigest({ ...position(0), step: 1, attempt: 1, phase: 'grad' }) };
    expect(assign(12, SLOT_PAIRS, next)).toEqual(['compute 0']);
  });

  it('goes on with a newer round that came meanwhile', () => {
    state(0);
    assign(11);
    const next = { ...roundOf(0), attempt: 1, inputDigest: inputDigest({ ...position(0), step: 1, attempt: 1, phase: 'grad' }) };
    assign(12, SLOT_PAIRS, next);
    expect(brief(machine.handle({ type: 'compute-failed', round: roundOf(0) }))).toEqual(['compute 0']);
    expect(machine.status.open).toBe(3);
  });
});

describe('WorkerMachine: assignments', () => {
  beforeEach(() => {
    state(0);
    assign(11);
  });

  it('drops one that is not newer, or of another run', () => {
    expect(assign(11, [])).toEqual([]);
    expect(assign(12, [], { ...roundOf(0), run: 'other' })).toEqual([]);
    expect(machine.status).toEqual({ generation: 11, open: 3 });
  });

  it('takes a newer one of the same round without computing anything twice', () => {
    computed(0);
    answered(0);
    expect(assign(12, [...SLOT_PAIRS, { level: 1, index: 3 }])).toEqual([]);
    expect(machine.status).toEqual({ generation: 12, open: 3 });
    expect(computed(1)).toEqual(['contribute 1 retry 0', 'compute 2']);
  });

  it('forgets the old round for a new one, when its computation is over', () => {
    state(1);
    expect(assign(12, SLOT_PAIRS, roundOf(1))).toEqual([]);
    expect(machine.status.open).toBe(3);
    expect(computed(0)).toEqual(['compute 0']);
    expect(answered(0, 'stale')).toEqual([]);
  });

  it('does not send what is not wanted any more', () => {
    assign(12, [{ level: 1, index: 2 }]);
    expect(computed(0)).toEqual(['compute 2']);
  });
});

describe('WorkerMachine: a block that is asked for after its answer', () => {
  it('is taken for a crossing the first time, and computed again the second', () => {
    state(0);
    assign(11);
    computed(0);
    answered(0);
    computed(1);
    answered(1);
    computed(2);
    answered(2);
    expect(assign(12)).toEqual([]);
    expect(machine.status).toEqual({ generation: 12, open: 0 });
    expect(assign(13)).toEqual(['compute 0']);
  });
});

describe('WorkerMachine: a busy coordinator', () => {
  const busy = (retryAfterMs: number): string[] =>
    brief(machine.handle({ type: 'acknowledged', round: roundOf(0), block: { level: 1, index: 0 }, result: 'busy', retryAfterMs }));

  beforeEach(() => {
    state(0);
    assign(11, [{ level: 1, index: 0 }]);
    computed(0);
  });

  it('gets the block again after the time that it named, as often as it takes', () => {
    for (let i = 1; i < 20; i += 1) expect(busy(i)).toEqual([`contribute 0 after ${i} ms`]);
    expect(machine.status.open).toBe(1);
    expect(answered(0)).toEqual([]);
    expect(machine.status.open).toBe(0);
  });

  it('leaves the failed transfers that may be repeated as they were', () => {
    broken(0);
    busy(5);
    expect(broken(0)).toEqual([]);
  });

  it('gets it in the next session when this one has ended meanwhile', () => {
    machine.handle({ type: 'disconnected' });
    expect(busy(5)).toEqual([]);
    expect(brief(machine.handle({ type: 'welcome', run: 'r', generation: 0 }))).toEqual(['contribute 0 retry 0']);
  });
});

describe('WorkerMachine: draining', () => {
  const drain = (): string[] => brief(machine.handle({ type: 'drain' }));

  it('is over at once when nothing is open, and is said once', () => {
    expect(drain()).toEqual(['drained']);
    expect(drain()).toEqual([]);
  });

  it('finishes the block under way and those not yet answered, and begins none', () => {
    state(0);
    assign(11);
    computed(0);
    expect(drain()).toEqual([]);
    expect(machine.status).toEqual({ generation: 11, open: 2 });
    expect(computed(1)).toEqual(['contribute 1 retry 0']);
    expect(answered(0)).toEqual([]);
    expect(answered(1)).toEqual(['drained']);
  });

  it('takes nothing new, but shows that it has heard of it', () => {
    state(0);
    assign(11, [{ level: 1, index: 0 }]);
    drain();
    expect(assign(12)).toEqual([]);
    expect(machine.status).toEqual({ generation: 12, open: 1 });
  });

  it('ends when what is under way is not wanted any more', () => {
    state(0);
    assign(11, [{ level: 1, index: 0 }]);
    drain();
    expect(assign(12, SLOT_PAIRS, roundOf(1))).toEqual(['drained']);
  });

  it('sends what is finished in the next session when this one breaks', () => {
    state(0);
    assign(11, [{ level: 1, index: 0 }]);
    drain();
    machine.handle({ type: 'disconnected' });
    expect(computed(0)).toEqual([]);
    expect(brief(machine.handle({ type: 'welcome', run: 'r', generation: 0 }))).toEqual(['contribute 0 retry 0']);
    expect(answered(0)).toEqual(['drained']);
  });
});

describe('WorkerMachine: leaders', () => {
  const welcome = (term: number, run = 'r'): WorkerAction[] => machine.handle({ type: 'welcome', run, generation: 0, term });

  it('leaves a leader of a lower term than it has seen, and takes part under the same or a higher one', () => {
    expect(welcome(3)).toEqual([]);
    expect(welcome(2)).toEqual([{ type: 'reject-leader', term: 2, highest: 3 }]);
    expect([welcome(3), welcome(4)]).toEqual([[], []]);
  });

  it('computes nothing for the leader that it has left', () => {
    state(0);
    welcome(3);
    welcome(2);
    expect(assign(5)).toEqual([]);
  });

  it('keeps the terms of runs apart', () => {
    welcome(3);
    expect(welcome(1, 'other')).toEqual([]);
    expect(welcome(2)).toEqual([{ type: 'reject-leader', term: 2, highest: 3 }]);
  });
});

describe('WorkerMachine: transfers and sessions', () => {
  beforeEach(() => {
    state(0);
    assign(11, [{ level: 1, index: 0 }]);
    computed(0);
  });

  it('repeats a failed transfer a few times, then gives the block up for the heartbeat to tell', () => {
    expect(broken(0)).toEqual(['contribute 0 retry 1']);
    expect(broken(0)).toEqual([]);
    expect(machine.status).toEqual({ generation: 11, open: 0 });
    expect(assign(12, [{ level: 1, index: 0 }])).toEqual(['compute 0']);
  });

  it('keeps an unanswered block over a broken session and sends it in the next', () => {
    machine.handle({ type: 'disconnected' });
    expect(broken(0)).toEqual([]);
    expect(brief(machine.handle({ type: 'welcome', run: 'r', generation: 3 }))).toEqual(['contribute 0 retry 1']);
    expect(brief(machine.handle({ type: 'welcome', run: 'r', generation: 3 }))).toEqual([]);
  });

  it('computes again for a coordinator that has lost what it had accepted', () => {
    answered(0);
    machine.handle({ type: 'disconnected' });
    machine.handle({ type: 'welcome', run: 'r', generation: 0 });
    expect(assign(1, [{ level: 1, index: 0 }])).toEqual(['compute 0']);
  });

  it('starts afresh for another run', () => {
    machine.handle({ type: 'disconnected' });
    expect(broken(0)).toEqual([]);
    expect(brief(machine.handle({ type: 'welcome', run: 'other', generation: 0 }))).toEqual([]);
    expect(machine.status.open).toBe(0);
  });

  it('computes nothing while disconnected', () => {
    machine.handle({ type: 'disconnected' });
    expect(assign(12)).toEqual([]);
    expect(state(0)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Block, CoordinatorAction } from '../src/index.ts';
import { CoordinatorDriver } from './coordinator-driver.ts';

const quarters = ['a', 'b', 'c', 'd'].map((worker, index): readonly [string, Block] => [worker, { level: 1, index }]);
const workers = quarters.map(([worker]) => worker);
/** The deadlines of shares that take less than the default's least one. */
const backup = { minimumMs: 50 };

/** Workers that have always taken 100 ms for two slots; then a round that all but the last have finished. */
function waitingForD(options = {}): CoordinatorDriver {
  const driver = new CoordinatorDriver({ workers, backup, ...options });
  driver.round(quarters.map(([worker, block]) => [worker, block, 100]));
  driver.begin();
  driver.now += 100;
  for (const [worker, block] of quarters.slice(0, 3)) driver.contribute(worker, block);
  return driver;
}

describe('CoordinatorMachine: stragglers', () => {
  it('are told of once, and exactly their blocks are given to an idle worker, too', () => {
    const driver = waitingForD();
    driver.now += 50;
    expect(driver.tick()).toEqual([]);
    driver.now += 1;
    const actions = driver.handle({ type: 'tick' });
    expect(actions).toMatchObject([
      { type: 'straggler', worker: 'd', blocks: [{ level: 1, index: 3 }], waitedMs: 151 },
      { type: 'assign', worker: 'a', assignment: { blocks: [{ level: 1, index: 3 }] } },
    ]);
    expect(driver.tick()).toEqual([]);
  });

  it('compete with their backup: the first result counts, the second is compared', () => {
    for (const [first, second] of [
      ['a', 'd'],
      ['d', 'a'],
    ]) {
      const driver = waitingForD();
      driver.now += 60;
      driver.tick();
      expect(driver.contribute(first, { level: 1, index: 3 })).toEqual(['accepted', 'round-complete']);
      expect(driver.contribute(second, { level: 1, index: 3 })).toEqual(['duplicate']);
    }
  });

  it('get another backup when the first is late as well', () => {
    const driver = waitingForD();
    driver.now += 60;
    driver.tick();
    driver.now += 151;
    expect(driver.tick()).toEqual(['straggler a', 'assign b 6,7']);
  });

  it('are backed up as soon as somebody is idle', () => {
    const driver = new CoordinatorDriver({ workers, backup });
    driver.round(quarters.map(([worker, block]) => [worker, block, 100]));
    driver.begin();
    driver.now += 160;
    expect(driver.tick()).toEqual(workers.map((worker) => `straggler ${worker}`));
    expect(driver.contribute('b', { level: 1, index: 1 })).toEqual(['accepted', 'assign b 0,1,4,5,6,7']);
  });

  it('are left alone without backup, before anything is known, and by workers that leave', () => {
    const without = waitingForD({ backup: false });
    without.now += 1e4;
    expect(without.tick()).toEqual(['straggler d']);
    const fresh = new CoordinatorDriver({ workers });
    fresh.begin();
    fresh.now += 1e4;
    expect(fresh.tick()).toEqual([]);
    const leaving = waitingForD();
    for (const worker of ['a', 'b']) leaving.handle({ type: 'drain', worker });
    leaving.now += 60;
    expect(leaving.tick()).toEqual(['straggler d', 'assign c 6,7']);
  });
});

interface Bench {
  readonly driver: CoordinatorDriver;
  readonly msPerSlot: Readonly<Record<string, number>>;
  /** By worker: what it still has to do, and when it is done with the first block. */
  readonly queues: Map<string, { generation: number; blocks: Block[]; done: number }>;
}

/** Hands assignments to the simulated workers. */
function obey({ driver, queues, msPerSlot }: Bench, actions: readonly CoordinatorAction[]): void {
  for (const action of actions) {
    if (action.type !== 'assign') continue;
    const { worker, assignment } = action;
    const before = queues.get(worker);
    const [current] = before?.blocks ?? [];
    const later = assignment.blocks.filter(({ level, index }) => level !== current?.level || index !== current.index);
    const isBusy = current !== undefined;
    const blocks = isBusy ? [current, ...later] : later;
    const done = isBusy ? before!.done : driver.now + 2 ** blocks[0].level * msPerSlot[worker];
    queues.set(worker, { generation: assignment.generation, blocks, done });
  }
}

/** One round in virtual time, a tick every 20 ms; returns how long it took, ms. What is under way at its end is dropped. */
function timeOfRound(bench: Bench): number {
  const { driver, queues, msPerSlot } = bench;
  const start = driver.now;
  queues.clear();
  driver.plan = { ...driver.plan, step: driver.plan.step + 1 };
  obey(bench, driver.handle({ type: 'begin-round', plan: driver.plan }));
  for (let tick = start + 20; driver.machine.round !== undefined;) {
    const [worker, queue] = [...queues].reduce((first, next) => (next[1].done < first[1].done ? next : first));
    driver.now = Math.min(queue.done, tick);
    if (tick <= queue.done) {
      tick += 20;
      obey(bench, driver.handle({ type: 'tick' }));
      continue;
    }
    const [block] = queue.blocks.splice(0, 1);
    queue.done = queue.blocks.length > 0 ? driver.now + 2 ** queue.blocks[0].level * msPerSlot[worker] : Infinity;
    const scalars = new Float64Array(2);
    const contribution = { block, count: 0, scalars, sums: new Float32Array(5) };
    obey(bench, driver.handle({ type: 'contribution', worker, incarnation: worker, round: driver.plan, contribution }));
  }
  return driver.now - start;
}

function meanRound(msPerSlot: Readonly<Record<string, number>>, rounds: number): number {
  const bench = { driver: new CoordinatorDriver({ slots: 64, workers }), msPerSlot, queues: new Map() };
  return Array.from({ length: rounds }, () => timeOfRound(bench)).reduce((sum, ms) => sum + ms, 0) / rounds;
}

describe('CoordinatorMachine: a worker that is ten times slower', () => {
  it('makes rounds at most half longer', () => {
    const equal = meanRound({ a: 20, b: 20, c: 20, d: 20 }, 40);
    expect(equal).toBe(320);
    for (const slow of workers) expect(meanRound({ a: 20, b: 20, c: 20, d: 20, [slow]: 200 }, 40)).toBeLessThanOrEqual(1.5 * equal);
  });

  it('is asked for as much as the others again when it has become as fast', () => {
    const msPerSlot: Record<string, number> = { a: 20, b: 20, c: 20, d: 2000 };
    const bench = { driver: new CoordinatorDriver({ slots: 64, workers }), msPerSlot, queues: new Map() };
    for (let i = 0; i < 10; i += 1) timeOfRound(bench);
    msPerSlot['d'] = 20;
    for (let i = 0; i < 60; i += 1) timeOfRound(bench);
    expect(timeOfRound(bench)).toBe(320);
  });
});

import { describe, expect, it } from 'vitest';
import { rootBlock } from '../src/index.ts';
import type { Block } from '../src/index.ts';
import { CoordinatorDriver } from './coordinator-driver.ts';
import { blockContribution, slotContribution } from './fixtures.ts';

const quarters = ['a', 'b', 'c', 'd'].map((worker, index): readonly [string, Block] => [worker, { level: 1, index }]);

/** Four workers that have always taken 100 ms for two slots, in the third round. */
function relaxed(quorum?: number): CoordinatorDriver {
  const backup = { minimumMs: 50 };
  const driver = new CoordinatorDriver({ workers: ['a', 'b', 'c', 'd'], backup, ...(quorum !== undefined && { quorum }) });
  for (let i = 0; i < 2; i += 1) driver.round(quarters.map(([worker, block]) => [worker, block, 100]));
  driver.begin();
  return driver;
}

describe('CoordinatorMachine: a relaxed round', () => {
  it('closes with a quorum once its deadline has passed, and says what it left out', () => {
    const driver = relaxed(0.75);
    const start = driver.now;
    for (const [worker, block] of quarters.slice(0, 3)) driver.contribute(worker, block);
    driver.now = start + 149;
    expect(driver.tick()).toEqual([]);
    driver.now = start + 151;
    const actions = driver.handle({ type: 'tick' });
    expect(actions).toMatchObject([{ type: 'round-complete', dropped: [6, 7] }]);
    const [complete] = actions;
    if (complete.type !== 'round-complete') throw new Error('not complete');
    const counts = [0, 1, 2, 3, 4, 5].map((slot) => slotContribution(11, slot).count);
    expect(complete.total.count).toBe(counts.reduce((a, b) => a + b));
    expect(complete.coverage.map(({ worker }) => worker)).toEqual(['a', 'b', 'c']);
    expect(driver.contribute('d', { level: 1, index: 3 })).toEqual(['duplicate']);
  });

  it('waits below the quorum, and in exact runs for every slot', () => {
    for (const driver of [relaxed(0.9), relaxed()]) {
      for (const [worker, block] of quarters.slice(0, 3)) driver.contribute(worker, block);
      driver.now += 1000;
      expect(driver.tick()).not.toContain('round-complete without 6,7');
      expect(driver.machine.round).toBeDefined();
    }
  });

  it('leaves out what the log left out, from the start', () => {
    const driver = new CoordinatorDriver({ workers: ['a'] });
    expect(driver.begin([6, 7])).toEqual(['assign a 0,1,2,3,4,5']);
    expect(driver.contribute('a', rootBlock(8))).toEqual(['overlap', 'assign a 0,1,2,3,4,5']);
    expect(driver.contribute('a', { level: 0, index: 6 })).toEqual(['duplicate']);
    driver.contribute('a', { level: 2, index: 0 });
    expect(driver.contribute('a', { level: 1, index: 2 })).toEqual(['accepted', 'round-complete without 6,7']);
    expect(() => driver.begin([8])).toThrow('begin-round: dropped: expected slots below 8, got 8');
  });

  it('has the same bits whether slots are left out at the end or at the start', () => {
    const early = new CoordinatorDriver({ workers: ['a'] });
    early.begin([6, 7]);
    const late = relaxed(0.75);
    const totals = [early, late].map((driver) => {
      const actions = quarters.slice(0, 3).flatMap(([worker, block]) => {
        const contribution = blockContribution(11, block);
        return driver.handle({ type: 'contribution', worker, incarnation: worker, round: driver.plan, contribution });
      });
      driver.now += 1000;
      return [...actions, ...driver.handle({ type: 'tick' })].find((action) => action.type === 'round-complete')?.total;
    });
    expect(totals[0]).toEqual(totals[1]);
    expect(totals[0]).toBeDefined();
  });

  it('refuses a quorum that is not a share', () => {
    expect(() => new CoordinatorDriver({ quorum: 1.5 })).toThrow('CoordinatorMachine: quorum: expected a share in (0, 1], got 1.5');
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { CoordinatorDriver } from './coordinator-driver.ts';

let driver: CoordinatorDriver;

describe('CoordinatorMachine: a worker that leaves in order', () => {
  beforeEach(() => {
    // a: 0-1 (one block), b: 2 3-4 as 2:1 + 3:1 + 4:1, c: 5 6-7.
    driver = new CoordinatorDriver({ workers: ['a', 'b', 'c'] });
    driver.begin();
  });

  it('is asked to when a person says so, and gets nothing more', () => {
    expect(driver.handle({ type: 'drain', worker: 'b' })).toEqual([{ type: 'drain', worker: 'b', incarnation: 'b' }]);
    expect(driver.machine.members.map(({ state }) => state)).toEqual(['active', 'draining', 'active']);
    expect(driver.leave('a')).toEqual(['assign c 5,6,7,0,1']);
    expect(driver.handle({ type: 'drain', worker: 'nobody' })).toEqual([]);
  });

  it('keeps the block that it has begun and hands the others on', () => {
    driver.contribute('a', { level: 1, index: 0 });
    expect(draining('c')).toEqual(['assign a 6,7']);
    expect(driver.contribute('c', { level: 0, index: 5 })).toEqual(['accepted']);
    expect(driver.leave('c')).toEqual([]);
  });

  it('loses the rest when it leaves or says that nothing is open', () => {
    draining('a');
    driver.contribute('c', { level: 0, index: 5 });
    driver.contribute('c', { level: 1, index: 3 });
    expect(driver.beat('a', { open: 0 })).toEqual(['assign c 0,1']);
  });

  it('is told again when the same process comes back, not when a new one does', () => {
    driver.handle({ type: 'drain', worker: 'a' });
    expect(driver.join('a')).toEqual(['admit a', 'drain a', 'assign b 2,3,4,0', 'assign c 5,6,7,1']);
    expect(driver.join('a', 'newer')).toEqual(['evict a', 'admit a']);
    expect(driver.machine.members[0].state).toBe('active');
  });

  it('is not a reason to give the round to nobody: it waits for others', () => {
    const alone = new CoordinatorDriver({ workers: ['a'] });
    alone.handle({ type: 'drain', worker: 'a' });
    expect(alone.begin()).toEqual([]);
    expect(alone.join('b')).toEqual(['admit b', 'assign b 0,1,2,3,4,5,6,7']);
  });

  function draining(worker: string): string[] {
    return driver.handle({ type: 'draining', worker, incarnation: worker }).flatMap((action) => {
      return action.type === 'assign' ? [`assign ${action.worker} ${action.assignment.blocks.map(slots).join()}`] : [action.type];
    });
  }

  function slots({ level, index }: { level: number; index: number }): string {
    return Array.from({ length: 2 ** level }, (_, offset) => index * 2 ** level + offset).join();
  }
});

describe('CoordinatorMachine: a member without progress', () => {
  const open = { open: 1, generation: 1 };

  beforeEach(() => {
    driver = new CoordinatorDriver({ workers: ['a', 'b'], stallMs: 100, leaseMs: 60 });
    driver.begin();
  });

  it('loses its work to others though it says that it is there, and gets no more', () => {
    for (driver.now = 50; driver.now < 200; driver.now += 50) {
      driver.beat('a', { ...open, progress: 4 });
      driver.beat('b', { open: 1, generation: 2, progress: driver.now });
    }
    expect(driver.tick()).toEqual(['assign b 4,5,6,7,0,1,2,3']);
    expect(driver.machine.members.map(({ state }) => state)).toEqual(['stalled', 'active']);
    driver.contribute('b', { level: 3, index: 0 });
    expect(driver.begin()).toEqual(['assign b 0,1,2,3,4,5,6,7']);
  });

  it('is a member like others again as soon as it moves', () => {
    for (driver.now = 50; driver.now < 200; driver.now += 50) {
      driver.beat('a', { ...open, progress: 4 });
      driver.beat('b', { open: 1, generation: 2, progress: driver.now });
    }
    driver.tick();
    driver.beat('a', { ...open, progress: 8 });
    driver.contribute('b', { level: 3, index: 0 });
    expect(driver.begin()).toEqual(['assign a 0,1,2,3', 'assign b 4,5,6,7']);
  });

  it('keeps its work while it counts slots, and where nobody else is there', () => {
    for (driver.now = 50; driver.now < 400; driver.now += 50) {
      driver.beat('a', { ...open, progress: driver.now });
      driver.beat('b', { open: 1, generation: 2, progress: driver.now });
      expect(driver.tick()).toEqual([]);
    }
    driver.leave('b');
    for (; driver.now < 800; driver.now += 50) {
      driver.beat('a', { open: 1, generation: 3, progress: 350 });
      expect(driver.tick()).toEqual([]);
    }
  });
});

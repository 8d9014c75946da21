import { describe, expect, it } from 'vitest';
import { Quarantine } from '../src/quarantine.ts';
import { CoordinatorDriver } from './coordinator-driver.ts';

describe('Quarantine', () => {
  it('doubles its cooldown up to ten times the first', () => {
    const quarantine = new Quarantine(10);
    expect([0, 1, 2, 3, 4, 5].map(() => quarantine.strike('a', 0))).toEqual([10, 20, 40, 80, 100, 100]);
    expect(quarantine.strike('b', 0)).toBe(10);
  });

  it('ends with its cooldown and is forgotten after long good conduct', () => {
    const quarantine = new Quarantine(10);
    quarantine.strike('a', 0);
    expect([4, 10, 11].map((at) => quarantine.remainingMs('a', at))).toEqual([6, 0, 0]);
    expect(quarantine.strike('a', 210)).toBe(20);
    expect(quarantine.strike('a', 431)).toBe(10);
  });

  it('refuses a cooldown that is not positive', () => {
    expect(() => new Quarantine(0)).toThrow('Quarantine: quarantineMs: expected a positive number of ms, got 0');
  });
});

describe('CoordinatorMachine: quarantine', () => {
  const whole = { level: 3, index: 0 };
  const spoil = ({ sums }: { sums: Float32Array }): void => void (sums[0] = Number.NaN);

  it('defers a quarantined worker, also a later process of it, and takes it back when the time is over', () => {
    const driver = new CoordinatorDriver({ workers: ['a', 'b'], quarantineMs: 100 });
    driver.begin();
    driver.contribute('a', { level: 2, index: 0 }, spoil);
    driver.now = 30;
    expect(driver.join('a', 'newer')).toEqual(['defer a 70']);
    driver.now = 100;
    expect(driver.join('a', 'newer')).toEqual(['admit a']);
  });

  it('counts nothing of a quarantined worker', () => {
    const driver = new CoordinatorDriver({ workers: ['a', 'b'] });
    driver.begin();
    driver.contribute('a', { level: 2, index: 0 }, spoil);
    expect(driver.contribute('a', { level: 2, index: 0 })).toEqual(['stale']);
  });

  it('gives a round up when three workers have sent corrupt contributions, not when one has', () => {
    const driver = new CoordinatorDriver({ workers: ['a', 'b', 'c', 'd'], quarantineMs: 1 });
    driver.begin();
    for (let i = 0; i < 5; i += 1) {
      expect(driver.contribute('a', whole, spoil)).not.toContain('round-failed');
      driver.now += 100;
      driver.join('a');
    }
    expect(driver.contribute('b', whole, spoil)).not.toContain('round-failed');
    expect(driver.contribute('c', whole, spoil)).toContain('round-failed');
    expect(driver.machine.round).toBeUndefined();
  });

  it('lets a worker that is alone try again at once, and gives up when it fails three times', () => {
    const driver = new CoordinatorDriver({ workers: ['a'] });
    driver.begin();
    for (let i = 0; i < 2; i += 1) {
      expect(driver.contribute('a', whole, spoil)).toEqual(['corrupt', 'evict a']);
      expect(driver.join('a')).toEqual(['admit a', 'assign a 0,1,2,3,4,5,6,7']);
    }
    expect(driver.contribute('a', whole, spoil)).toEqual(['corrupt', 'evict a', 'round-failed']);
  });
});

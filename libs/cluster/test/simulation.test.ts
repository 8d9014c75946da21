/** Exactness under faults: whole runs of both machines, every schedule drawn from a seed that a failure prints. */
import { describe, expect, it } from 'vitest';
import type { Contribution } from '@geodesic/cluster';
import { simulate } from './simulation/simulated-cluster.ts';
import type { Faults, Sabotage } from './simulation/simulated-cluster.ts';
import { undisturbed } from './simulation/toy-training.ts';

const STEPS = 8;
const none: Faults = { kill: 0, join: 0, pause: 0, cut: 0, restart: 0, loss: 0, duplicate: 0 };
const mild: Faults = { kill: 0.004, join: 0.008, pause: 0.01, cut: 0.005, restart: 0.002, loss: 0.05, duplicate: 0.05 };
const harsh: Faults = { kill: 0.012, join: 0.02, pause: 0.03, cut: 0.02, restart: 0.006, loss: 0.12, duplicate: 0.12 };
const reference = undisturbed(STEPS);

/** The seeds of the schedules whose result differs from the undisturbed run's. */
function deviations(seeds: readonly number[], faults: Faults, sabotage?: Sabotage): number[] {
  return seeds.filter((seed) => {
    const outcome = (): string => {
      try {
        return simulate({ seed, steps: STEPS, faults, ...(sabotage && { sabotage }) }).fingerprint;
      } catch (error) {
        if (sabotage) return 'caught';
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    };
    return outcome() !== reference;
  });
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('simulation of CoordinatorMachine and WorkerMachine', () => {
  it('reaches the undisturbed bits with any number of workers', () => {
    expect(deviations(seeds(20), none)).toEqual([]);
  });

  it('reaches the undisturbed bits under mild faults', () => {
    expect(deviations(seeds(200), mild)).toEqual([]);
  });

  it('reaches the undisturbed bits under harsh faults', () => {
    expect(deviations(seeds(200), harsh)).toEqual([]);
  });

  it('really meets the faults that it claims', () => {
    const totals: Record<string, number> = {};
    for (const seed of seeds(40)) {
      for (const [name, count] of Object.entries(simulate({ seed, steps: STEPS, faults: harsh }).counts))
        totals[name] = (totals[name] ?? 0) + count;
    }
    for (const name of [
      'kills',
      'joins',
      'pauses',
      'cuts',
      'restarts',
      'losses',
      'duplicates',
      'evictions',
      'accepted',
      'duplicate',
      'stale',
      'failures',
      'abandoned',
      'rejections',
      'combinations',
      'fetches',
      'gone',
    ]) {
      expect(totals[name], name).toBeGreaterThan(20);
    }
  });
});

describe('simulation of workers that form combinations in another way', () => {
  it('are noticed by their checksum and healed by snapshots', () => {
    const sabotage: Sabotage = { dropsMomentum: true };
    expect(deviations(seeds(25), mild, sabotage)).toEqual([]);
    const { counts } = simulate({ seed: 1, steps: STEPS, faults: none, sabotage });
    expect(counts['divergences']).toBeGreaterThan(0);
    expect(simulate({ seed: 1, steps: STEPS, faults: none }).counts['divergences']).toBeUndefined();
  });
});

describe('simulation with a planted bug', () => {
  const sumInOrder = (parts: readonly Contribution[], total: Contribution): Contribution => {
    const sums = new Float32Array(total.sums.length);
    for (const part of parts) for (let i = 0; i < sums.length; i += 1) sums[i] += part.sums[i];
    return { ...total, sums };
  };
  const planted: Record<string, Sabotage> = {
    'sums in arrival order': { total: sumInOrder },
    'contributions of another round accepted': { tamper: ({ round }, current) => current ?? round },
    'workers that do not wait for their inputs': { blindWorkers: true },
    'workers that join without the last change': { forgetsPrevious: true },
    'a codec applied to block sums': {
      tamper: ({ round, contribution }) => {
        const bits = new Int32Array(contribution.sums.buffer);
        for (let i = 0; i < bits.length; i += 1) bits[i] &= ~0xffff;
        return round;
      },
    },
    'randomness keyed by the worker': {
      tamper: ({ round, contribution, worker }) => {
        contribution.sums[0] += Number(worker.slice(1)) * 1e-3;
        return round;
      },
    },
  };
  for (const [name, sabotage] of Object.entries(planted)) {
    it(`catches ${name}`, () => {
      expect(deviations(seeds(25), mild, sabotage).length).toBeGreaterThan(0);
    });
  }
});

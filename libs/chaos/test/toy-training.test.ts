/** The toy training has everything that makes real ones path-dependent; otherwise a simulation of it would prove little. */
import { blockStart, CommittedParameters, planRound, rootBlock } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint, initialCheckpoint } from '../src/simulation/toy/toy-checkpoint.ts';
import { examplesOfSlot, SLOTS } from '../src/simulation/toy/toy-data.ts';
import { ALL_SUMS, FACTOR_A, ToyComputer } from '../src/simulation/toy/toy-program.ts';
import { initialStart, ToyTrainer } from '../src/simulation/toy/toy-trainer.ts';
import { referenceRun } from '../src/simulation/toy/reference-run.ts';

describe('referenceRun', () => {
  const { commits, rounds } = referenceRun(7);

  it('has rejected attempts, a change that is taken back, and steps of one and of many rounds', () => {
    expect(commits.filter((commit) => commit.endsWith('rejected ')).length).toBeGreaterThanOrEqual(3);
    expect(commits.find((commit) => commit.startsWith('5.0 rejected'))).toMatch(/[0-9a-f]{64}$/);
    expect(rounds.filter((round) => round.startsWith('3.'))).toEqual(['3.0 grad']);
    expect(rounds.filter((round) => round.startsWith('7.')).length).toBeGreaterThan(3);
  });

  it('has batches with a half-empty slot and empty ones', () => {
    expect(Array.from({ length: SLOTS }, (_, slot) => examplesOfSlot(3, slot))).toEqual([2, 2, 2, 2, 1, 0, 0, 0]);
  });
});

describe('ToyComputer', () => {
  it('gives padding rows no weight, whatever its buffer had before', () => {
    const trainer = new ToyTrainer(3, { ...initialStart(), optimiser: { ...initialStart().optimiser, step: 2 } });
    const committed = new CommittedParameters(trainer, { usesPrevious: true });
    const round = planRound({ run: 'toy', plan: trainer.plan()!, position: committed.position });
    const factor = (computer: ToyComputer, fromSlot: number): number[] => {
      const request = { ...round, block: { level: 0, index: fromSlot } };
      return [...computer.compute(committed.snapshot(), request, () => undefined).sums.subarray(FACTOR_A, ALL_SUMS)];
    };
    const [used, fresh] = [new ToyComputer(), new ToyComputer()];
    factor(used, 0);
    expect(factor(used, 4)).toEqual(factor(fresh, 4));
    const [usedDefect, freshDefect] = [new ToyComputer({ padsFactor: true }), new ToyComputer({ padsFactor: true })];
    factor(usedDefect, 0);
    expect(factor(usedDefect, 4)).not.toEqual(factor(freshDefect, 4));
    expect(blockStart(rootBlock(SLOTS))).toBe(0);
  });
});

describe('decodeCheckpoint', () => {
  it('gives back every bit', () => {
    const { checkpoint, bytes } = initialCheckpoint();
    const trainer = new ToyTrainer(0, checkpoint);
    expect(encodeCheckpoint(trainer, new CommittedParameters(trainer, { usesPrevious: true, start: checkpoint }))).toEqual(bytes);
  });

  it('refuses what is torn or damaged anywhere', () => {
    const { bytes } = initialCheckpoint();
    expect(decodeCheckpoint(bytes.subarray(0, 5))).toBeUndefined();
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 4;
      expect(decodeCheckpoint(damaged), `byte ${at}`).toBeUndefined();
    }
  });
});

/**
 * A run's bits are those of its spec, whoever computed it (exactness.md): every method on one worker and on a cluster in disorder, whose
 * shares are uneven, whose workers rest, answer twice and in any order, leave and join late. All cluster sizes: the extended test beside it.
 */
import { roundSums } from '@geodesic/tensor';
import { codecOf, decodeBundle } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';
import { bundleOf, caseOf, methodCases } from './method-cases.ts';
import { reduceBlocks, type Total } from './reduce-blocks.ts';
import { runBundle, type TotalOf } from './run-in-process.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const numbered = methodCases.map((one, i) => ({ ...one, workers: [2, 3, 4, 7][i % 4], disorder: i }));

describe('a run by each method', () => {
  it.each(numbered)('has the same bits on 1 worker and on $workers in disorder: $title', async ({ workers, disorder, ...one }) => {
    const cluster = new SimulatedCluster(bundleOf(one));
    const alone = await cluster.run({ workers: 1 });
    const together = await cluster.run({ workers, disorder });
    expect(together.phases).toEqual(alone.phases);
    expect(together.history).toEqual(alone.history);
    expect(together.rejections).toEqual(alone.rejections);
    expect(together.digest).toBe(alone.digest);
    expect(alone.history.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });

  it('is joined in mid-step, before every kind of round', async () => {
    const joinedIn = async (title: string): Promise<string[]> => {
      const { joined } = await new SimulatedCluster(bundleOf(caseOf(title))).run({ workers: 7, disorder: 3 });
      return [...joined].toSorted();
    };
    expect(await joinedIn('quadratic kfac')).toEqual(expect.arrayContaining(['grad-stats', 'probe', 'quad', 'trial']));
    expect(await joinedIn('ekfac')).toEqual(expect.arrayContaining(['basis', 'burnin', 'grad-stats']));
    expect(await joinedIn('cg, preconditioned')).toEqual(expect.arrayContaining(['grad-stats', 'product']));
    expect(await joinedIn('kernel, sampled')).toEqual(expect.arrayContaining(['grad', 'gram']));
  });

  it('asks for all rounds of its method, and rejects, somewhere in these cases', async () => {
    const run = async (title: string): Promise<{ programs: string; rejections: number }> => {
      const { phases, rejections } = await new SimulatedCluster(bundleOf(caseOf(title))).run({ workers: 1 });
      const programs = [...new Set(phases.map((phase) => phase.split(/[ /]/)[1]))];
      return { programs: programs.toSorted().join(' '), rejections: rejections.length };
    };
    expect(await run('ekfac')).toEqual({ programs: 'basis burnin eval grad-stats', rejections: 0 });
    expect(await run('cg, preconditioned')).toEqual({ programs: 'eval grad-stats product', rejections: 0 });
    expect(await run('kernel, sampled')).toEqual({ programs: 'eval grad gram', rejections: 0 });
    expect(await run('whole batch, the model from half of it')).toEqual({
      programs: 'eval grad-stats grad-stats-moving quad trial',
      rejections: 0,
    });
    expect((await run('quadratic kfac')).programs).toContain('probe');
    expect((await run('quadratic kfac, rejecting')).rejections).toBeGreaterThan(3);
  });
});

describe('bits', () => {
  it('are others with another seed, another codec and another level of it', async () => {
    const digestOf = async (title: string, changes = {}): Promise<string> =>
      (await new SimulatedCluster(bundleOf(caseOf(title), changes)).run({ workers: 1 })).digest;
    const digests = [
      await digestOf('codec int8 at 0'),
      await digestOf('codec int8 at 0', { seed: 6 }),
      await digestOf('codec int8 at 1'),
      await digestOf('codec bf16 at 0'),
    ];
    expect(new Set(digests).size).toBe(4);
  });

  it('would depend on the number of workers if these rounded the sums of their blocks', async () => {
    const coded = decodeBundle(bundleOf(caseOf('codec int8 at 0'))).phases;
    const plain = bundleOf({ ...caseOf('codec int8 at 0'), optimizer: {} });
    const { segments } = codecOf(coded['grad-stats'])!;
    /** Halves of a round, rounded where `rounds` says. */
    const halves =
      (rounds: boolean): TotalOf =>
      async (compute, slots) => {
        const blocks: Total[] = [];
        for (const index of [0, 1]) blocks.push(await compute({ level: Math.log2(slots / 2), index }));
        if (rounds) for (const { count, sums } of blocks) if (count > 0 && sums.length > segments[0].offset) roundSums(sums, segments);
        return reduceBlocks(blocks);
      };
    const whole =
      (rounds: boolean): TotalOf =>
      async (compute, slots) => {
        const total = await compute({ level: Math.log2(slots), index: 0 });
        if (rounds && total.sums.length > segments[0].offset) roundSums(total.sums, segments);
        return total;
      };
    const digestOf = async (totalOf: TotalOf): Promise<string> => (await runBundle(plain, totalOf)).digest;
    expect(await digestOf(halves(false))).toBe(await digestOf(whole(false)));
    expect(await digestOf(halves(true))).not.toBe(await digestOf(whole(true)));
  });
});

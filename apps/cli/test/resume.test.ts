/**
 * A run that goes on from a checkpoint after any of its steps, with other workers, has the bits of the run that was never interrupted:
 * before, at and after refreshes of inverses, after rejections, before the first step. All methods: the extended test beside it.
 */
import { decodeSafetensors, encodeSafetensors, float64Tensor } from '@geodesic/checkpoint';
import { describe, expect, it } from 'vitest';
import { bundleOf, caseOf } from './method-cases.ts';
import { SimulatedCluster, type Saved, type SimulatedRun } from './simulated-cluster.ts';

const titles = [
  'kfac, eigenbasis, when moved',
  'quadratic kfac, rejecting',
  'whole batch, the model from half of it',
  'ekfac',
  'cg, preconditioned',
  'kernel, spring',
  'soap',
  'lbfgs',
  'metric-kfac, pullback',
];

async function trained(title: string, evaluate: object = { every: 4 }): Promise<{ cluster: SimulatedCluster; whole: SimulatedRun }> {
  const cluster = new SimulatedCluster(bundleOf(caseOf(title), { steps: 8, evaluate }));
  return { cluster, whole: await cluster.run({ workers: 2, disorder: 1 }) };
}

describe('a run that is resumed', () => {
  it.each(titles)('ends with the same bits from every step: %s', async (title) => {
    const { cluster, whole } = await trained(title);
    expect(new Set(whole.saved.map(({ step }) => step)).size).toBe(9);
    for (const [i, from] of whole.saved.entries()) {
      const rest = await cluster.run({ workers: 1 + (i % 3), disorder: i }, { from });
      expect(rest.digest, `from step ${from.step}`).toBe(whole.digest);
      expect(rest.history, `from step ${from.step}`).toEqual(whole.history.slice(from.step));
      expect(rest.phases, `from step ${from.step}`).toEqual(whole.phases.slice(whole.phases.length - rest.phases.length));
    }
  });

  it('is resumed right after steps with rejections, too', async () => {
    const { whole } = await trained('quadratic kfac, rejecting');
    const steps = whole.saved.flatMap(({ step, rejections }) => (rejections.length > 0 ? [step] : []));
    expect(steps.length).toBeGreaterThan(1);
    expect(Math.max(...steps)).toBeLessThan(8);
  });

  it('evaluates again what was saved before its evaluation', async () => {
    const { cluster, whole } = await trained('soap', { every: 2 });
    const { phases } = await cluster.run({ workers: 1 }, { from: whole.saved.find(({ step }) => step === 6)! });
    expect(phases).toEqual(['7.0 grad', '8.0 grad', '8.0 eval/test']);
  });

  it('is refused with the state of another optimiser, naming what does not fit', async () => {
    const { whole } = await trained('soap');
    const other = new SimulatedCluster(bundleOf(caseOf('lbfgs'), { steps: 8 }));
    await expect(other.run({ workers: 1 }, { from: whole.saved[3] })).rejects.toThrow(
      /^step: expected state 'all\/\w+.*resume with the spec that wrote the state/,
    );
  });

  it.each([
    ['kfac, pi', 'all/velocity'],
    ['quadratic kfac, rejecting', 'search/previous'],
    ['kernel, spring', 'all/previous'],
    ['ekfac', 'all/dense1/s'],
  ])('has other bits without a part of its state: %s without %s', async (title, key) => {
    const { cluster, whole } = await trained(title);
    const from = whole.saved.find(({ step }) => step === 5)!;
    expect((await cluster.run({ workers: 1 }, { from: without(from, key) })).digest).not.toBe(whole.digest);
  });
});

/** A checkpoint with zeros in the place of an array of the optimiser. */
function without(saved: Saved, key: string): Saved {
  const name = 'optimizer.safetensors';
  const tensors = new Map(decodeSafetensors(saved.files.get(name)!).tensors);
  const { shape, data } = tensors.get(key) ?? { shape: [], data: new Float64Array(0) };
  expect(
    data.some((value) => value !== 0),
    `${key} among ${[...tensors.keys()].join(', ')}`,
  ).toBe(true);
  tensors.set(key, float64Tensor(shape, new Float64Array(data.length)));
  return { ...saved, files: new Map([...saved.files, [name, encodeSafetensors(tensors)]]) };
}

/**
 * A run that goes on from a checkpoint after any of its steps, with other workers, has the bits of the run that was never interrupted:
 * before, at and after refreshes of inverses, after rejections, before the first step. All methods: the extended test beside it. The
 * checkpoints are on disk, in a store that they share, and come back by the way that a coordinator takes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, decodeSafetensors, encodeSafetensors, float64Tensor } from '@geodesic/checkpoint';
import type { ResumePoint } from '@geodesic/coordinator/trainer';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleOf, caseOf } from './method-cases.ts';
import { isUntouched, SimulatedCluster, type Saved, type SimulatedRun } from './simulated-cluster.ts';

const titles = [
  'kfac, eigenbasis, when moved',
  'quadratic kfac, rejecting',
  'whole batch, the model from half of it',
  'growing batch',
  'ekfac',
  'cg, preconditioned',
  'kernel, spring',
  'soap',
  'lbfgs',
  'metric-kfac, pullback',
];

const root = mkdtempSync(join(tmpdir(), 'geodesic-resume-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Writes a checkpoint into a store, and reads it by another one. */
async function throughDisk(folder: string, { step, content }: Saved): Promise<ResumePoint> {
  await new CheckpointStore(folder).write(step, { files: content, facts: { step } });
  const found = await new CheckpointStore(folder).newestGood();
  expect({ step: found.step, skipped: found.skipped }).toEqual({ step, skipped: [] });
  return { step, files: found.checkpoint.files };
}

async function trained(title: string, evaluate: object = { every: 4 }): Promise<{ cluster: SimulatedCluster; whole: SimulatedRun }> {
  const cluster = new SimulatedCluster(bundleOf(caseOf(title), { steps: 8, evaluate }));
  return { cluster, whole: await cluster.run({ workers: 2, disorder: 1 }) };
}

describe('a run that is resumed', () => {
  it.each(titles)('ends with the same bits from every step: %s', async (title) => {
    const { cluster, whole } = await trained(title);
    expect(new Set(whole.saved.map(({ step }) => step)).size).toBe(9);
    const folder = mkdtempSync(join(root, 'run-'));
    for (const [i, saved] of whole.saved.entries()) {
      expect(saved, 'no step writes into the arrays of a checkpoint').toSatisfy(isUntouched);
      const from = await throughDisk(folder, saved);
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
    await expect(other.run({ workers: 1 }, { from: whole.saved[3] })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNFIT',
      message: 'resume: expected all/steps of 540 numbers in optimizer.safetensors, got none',
      hint: 'resume with the spec that wrote the state, or begin the optimiser anew',
    });
  });

  it('goes on with another optimiser that begins anew, its steps counted on', async () => {
    const { whole } = await trained('soap');
    const other = new SimulatedCluster(bundleOf(caseOf('lbfgs'), { steps: 8, evaluate: { every: 0 } }));
    const point = await throughDisk(mkdtempSync(join(root, 'run-')), whole.saved[3]);
    const { saved, phases, trainer } = await other.run({ workers: 1 }, { from: { ...point, freshOptimizer: true } });
    expect(phases).toEqual(['4.0 grad', '5.0 grad', '6.0 grad', '7.0 grad', '8.0 grad', '8.0 eval/test']);
    expect(saved[0].content['parameters.safetensors'].tensors).toEqual(point.files.get('parameters.safetensors')?.tensors);
    expect(saved[0].content['optimizer.safetensors'].tensors.get('step')?.data).toEqual(Float64Array.of(3));
    expect(trainer.checkpoint()['optimizer.safetensors'].tensors.get('step')?.data).toEqual(Float64Array.of(8));
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

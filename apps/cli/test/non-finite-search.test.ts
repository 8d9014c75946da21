/**
 * Sums that are not finite in the middle of a run with a search: the last change is taken back, the damping grows, layer and worker are
 * named, the bits stay those of any cluster; and after so many rejections in a row the run ends.
 */
import * as tf from '@tensorflow/tfjs-core';
import { classificationTask, dense, emptyTables, layeredModel, sequential, type Layer, type Model } from '@geodesic/nn';
import { describe, expect, it } from 'vitest';
import { bundleOfModel } from './model-bundle.ts';
import { SimulatedCluster, type Saved } from './simulated-cluster.ts';

/** sqrt(9 - h^2): NaN beyond a radius that the first weights stay far from. */
const halfCircle: Layer = { ...emptyTables, apply: (_, h) => tf.sqrt(tf.sub(9, tf.square(h))) };

const model: Model = layeredModel({
  net: sequential([dense({ name: 'first', inputs: 2, outputs: 4 }), halfCircle, dense({ name: 'head', inputs: 4, outputs: 3 })]),
  featureShape: [2],
  task: classificationTask({ classes: 3 }),
  output: 'logits',
});

/** A search that begins with much too small a damping. */
const search = { rule: 'quadratic', damping: 1e-6, adaptEvery: 1000, reject: false, rejectFactor: 50, maxRejections: 12 };

/** Without a search, with too small a damping. */
const fixed = { method: 'kfac', damping: 1e-3, learningRate: 0.3, momentum: 0.5, klClip: null };

function clusterOf(changes: object | null, group: object = { method: 'kfac' }, spec: object = {}): SimulatedCluster {
  const run = {
    group,
    search: changes === null ? undefined : { ...search, ...changes },
    spec: { batch: { examples: 45, slots: 8 }, steps: 6, ...spec },
  };
  return new SimulatedCluster(bundleOfModel(model, run));
}

/** The parameters of a checkpoint, one after the other. */
function theta({ files }: Saved): Float32Array {
  const bytes = files.get('parameters.safetensors')!;
  const header = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return new Float32Array(bytes.slice(8 + header).buffer);
}

describe('a run whose gradient stops being finite', () => {
  it('takes the last change back, damps more and takes the same step again', async () => {
    const { phases, rejections, saved } = await clusterOf({}).run({ workers: 2 });
    expect(phases.slice(0, 5)).toEqual(['1.0 grad-stats', '1.0 quad', '2.0 grad-stats', '2.1 grad-stats', '2.1 quad']);
    expect(rejections[0]).toEqual({
      reason: 'step 2, phase grad-stats: expected finite sums, got NaN or infinity',
      damping: 50 * search.damping,
    });
    for (let i = 1; i < rejections.length; i++) expect(rejections[i].damping).toBeCloseTo(50 * rejections[i - 1].damping, 12);
    const [before, moved, back] = saved.slice(0, 3).map(theta);
    const largest = moved.reduce((most, value, i) => Math.max(most, Math.abs(value - before[i])), 0);
    expect(largest).toBeGreaterThan(1);
    back.forEach((value, i) => expect(Math.abs(value - before[i])).toBeLessThan(1e-6 * largest));
  });

  it('says where: the operation, the layer nearby and the worker', async () => {
    const { failures } = await clusterOf({}).run({ workers: 2 });
    expect(failures[0].reason).toMatch(
      /^step 2, phase grad-stats, slot \d: expected finite sums, got Sqrt float32\[6,4\] near layer 'head'/,
    );
    expect(failures[0].worker).toMatch(/^worker-[12]$/);
  });

  it.each<[object, object | null]>([
    [{ method: 'kfac' }, {}],
    [{ method: 'ekfac' }, { reject: true }],
    [{ method: 'cg' }, { reject: true }],
    [fixed, null],
  ])('has the same bits and the same record whoever meets it first: %j %j', async (group, changes) => {
    const cluster = clusterOf(changes, group);
    const alone = await cluster.run({ workers: 1 });
    const together = await cluster.run({ workers: 7, disorder: 2 });
    expect(alone.rejections.length).toBeGreaterThan(0);
    expect(together.rejections).toEqual(alone.rejections);
    expect(together.phases).toEqual(alone.phases);
    expect(together.digest).toBe(alone.digest);
  });

  it.each<[object, object | null]>([
    [{ method: 'kfac' }, {}],
    [fixed, null],
  ])('goes on with the same bits from a checkpoint right after a change that was taken back: %j %j', async (group, changes) => {
    const cluster = clusterOf(changes, group);
    const whole = await cluster.run({ workers: 2 });
    const after = whole.saved.filter(({ rejections }) => rejections.length > 0);
    expect(after.length).toBeGreaterThan(1);
    for (const from of after) expect((await cluster.run({ workers: 3, disorder: 1 }, { from })).digest).toBe(whole.digest);
  });

  it('leaves evaluations out that cannot be made before the change is taken back', async () => {
    const data = { source: 'spiral', points: 90, validation: 0.3 };
    const [without, with1] = [0, 1].map((every) => clusterOf({}, { method: 'kfac' }, { data, evaluate: { every } }));
    const evaluated = await with1.run({ workers: 2 });
    expect(evaluated.failures.map(({ reason }) => reason)).toContainEqual(expect.stringMatching(/^step 1, phase eval\/validation, slot/));
    expect(evaluated.digest).toBe((await without.run({ workers: 2 })).digest);
  });

  it('ends after so many rejections in a row, saying what the last worker met', async () => {
    const failed = clusterOf({ maxRejections: 1 }).run({ workers: 2 });
    await expect(failed).rejects.toMatchObject({ code: 'SEARCH_FAILED' });
    await expect(failed).rejects.toThrow(
      /^step 2: expected an attempt that can be accepted, got rejections in a row .*; worker-\d: step 2, .* near layer 'head'/,
    );
  });
});

describe('a run without a damping whose gradient stops being finite', () => {
  it('ends, naming operation, layer and worker', async () => {
    const failed = clusterOf(null, { method: 'sgd', learningRate: 50 }).run({ workers: 2 });
    await expect(failed).rejects.toThrow(/step \d, phase grad, slot \d: expected finite sums, got Sqrt .* near layer 'head'/);
  });

  it.each<[string, object, RegExp]>([
    [
      'an update that overflows',
      { method: 'sgd', learningRate: 1e42 },
      /^step: expected a finite update of parameter 'first\.\w+', got -?Infinity/,
    ],
    [
      'a Gram matrix that is singular',
      { method: 'kernel', damping: 1e-30 },
      /^step \d: expected a solvable Gram matrix at the damping 1e-30/,
    ],
  ])('ends with what to do about %s', async (_, group, message) => {
    const failed = clusterOf(null, group).run({ workers: 1 });
    await expect(failed).rejects.toMatchObject({ code: 'STEP_FAILED', hint: expect.stringContaining('raise the damping') as string });
    await expect(failed).rejects.toThrow(message);
  });
});

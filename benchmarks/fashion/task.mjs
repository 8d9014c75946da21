/**
 * The task: a CNN conv4-pool-conv4-pool-fc64-fc10 (3 x 3, relu; 13,446 parameters) on Fashion-MNIST, batch 256 in one slot, and the target:
 * the first step at which the median of the last three test accuracies, read every 50 steps, is at least 0.88.
 * Tuning never sees the test set: a tenth of the training images is held out for it (by hash: 54,000 stay), with a target of its own.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { median } from '../shared/statistics.mjs';

/** What is read, every so many steps, and what its median over three reads must reach. */
export const targets = { test: 0.88, validation: 0.885 };
export const readEvery = 50;
const reads = 3;
/** Steps of a run, over which schedules extend; a target not reached by then is censored. */
export const stepCap = 1200;
export const batch = 256;
/** Training images of the reported runs: all. */
export const trainingImages = 60_000;

/** The run spec; `tuning` holds the validation images out. */
export function specOf({ data, groups, seed, tuning = false, limit }) {
  return {
    name: 'fashion-benchmark',
    seed,
    model: { recipe: 'cnn-classifier', filters: [4, 4], hidden: [64] },
    data: { ...data, validation: tuning ? 0.1 : 0, ...(limit && { limit }) },
    batch: { examples: batch, slots: 1 },
    steps: stepCap,
    optimizer: { groups },
    evaluate: { every: 0 },
    engine: 'onnx-cpu',
  };
}

/**
 * Trains once, until the target or `stopAfter` steps.
 * @returns steps and seconds to the target (null: censored), all reads, and what made it fail
 */
export async function train({ data, groups, seed, tuning, stopAfter = stepCap }) {
  const split = tuning ? 'validation' : 'test';
  const result = { steps: null, seconds: null, accuracies: [] };
  let seconds = 0;
  const onRound = async ({ step, absorbed, seconds: spent, read }) => {
    if (absorbed.evaluation) return 'stop';
    seconds += spent;
    if (!absorbed.update || step % readEvery !== 0) return 'go on';
    result.accuracies.push((await read(split)).hit);
    const last = result.accuracies.slice(-reads);
    if (last.length === reads && median(last) >= targets[split] && stopAfter === stepCap) {
      Object.assign(result, { steps: step, seconds });
      return 'stop';
    }
    return step >= stopAfter ? 'stop' : 'go on';
  };
  try {
    await runInProcess({ spec: specOf({ data, groups, seed, tuning }), onRound });
  } catch (error) {
    // A diverged run is a censored one; anything else is a fault of the benchmark.
    if (error.name !== 'NonFiniteError' && error.name !== 'SingularFactorError') throw error;
    result.failed = error.message;
  }
  return result;
}

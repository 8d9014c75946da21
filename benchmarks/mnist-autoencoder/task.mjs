/**
 * The task: an autoencoder 784-250-100-30-100-250-784 (tanh, linear code, P = 449,514) of 10,000 MNIST images, Bernoulli cross-entropy, L2
 * 1e-5. The metric is the mean squared reconstruction error over all training images, summed over pixels, of the parameters as they are then.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { passesOf } from '../shared/passes.mjs';

/**
 * The training error to reach, taken from the peer alone: what the best SGD with momentum reaches at the end of 2,000 updates (6.52 on
 * the tuning seed).
 */
export const target = 6.5;
/** Training images, the first ones of the set. */
export const images = 10_000;

/** The run spec of a method's configuration: {batch, optimizer}. */
export function specOf({ data, batch, optimizer, seed, steps }) {
  return {
    name: 'mnist-autoencoder-benchmark',
    seed,
    model: { recipe: 'autoencoder', hidden: [250, 100, 30] },
    data: { ...data, limit: images },
    batch,
    steps,
    optimizer,
    evaluate: { every: 0 },
    engine: 'onnx-cpu',
  };
}

/**
 * Trains once, until the error is at most `target` at a read, or to the end of `steps` updates; `turns` are handed over after every read.
 * @returns updates, passes over the data and seconds to the target (null: censored), all reads [updates, passes, seconds, error], and what
 *   made it fail
 */
export async function train({ data, batch, optimizer, seed, steps, readEvery, target = 0, turns }) {
  const result = { updates: null, passes: null, seconds: null, rejected: 0, reads: [] };
  const spent = { seconds: 0, passes: 0 };
  const onRound = async ({ step, phase, absorbed, seconds, count, read }) => {
    if (absorbed.evaluation) return 'stop';
    spent.seconds += seconds;
    spent.passes += (passesOf(phase) * count) / images;
    if (absorbed.rejected) result.rejected++;
    if (!absorbed.update || absorbed.rejected || step % readEvery !== 0) return 'go on';
    const { squaredError } = await read('train');
    result.reads.push([step, spent.passes, spent.seconds, squaredError]);
    if (!(squaredError <= target)) {
      await turns?.next();
      return 'go on';
    }
    Object.assign(result, { updates: step, passes: spent.passes, seconds: spent.seconds });
    return 'stop';
  };
  try {
    await runInProcess({ spec: specOf({ data, batch, optimizer, seed, steps }), onRound });
  } catch (error) {
    // A diverged run is a censored one; anything else is a fault of the benchmark.
    if (!['NonFiniteError', 'SingularFactorError', 'SearchFailedError', 'CoordinatorError'].includes(error.name)) throw error;
    result.failed = error.message;
  }
  turns?.leave();
  return result;
}

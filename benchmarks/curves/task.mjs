/**
 * The task B1: 1,000 curves of 14 x 14 pixels, the autoencoder 196-100-50-25-6 and back (tanh, linear code and logits, Bernoulli
 * cross-entropy, weights N(0, 1/fan_in), biases zero), L2 coefficient 1e-5. The metric is the mean over the images of the summed squared
 * error of the sigmoid output, taken from the forward pass of step k, before its update; the targets were fixed before any run.
 * With mini-batches it is the mean over the last epoch's batches, each before its own update.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { passesOf } from '../shared/passes.mjs';

/** Squared error; the last one ends a run. */
export const targets = [3, 1];
/** Steps whose errors are compared with PyTorch's. */
export const firstSteps = 20;
/** L2 coefficient of the objective. */
export const l2 = 1e-5;
const images = 1000;

/** What diverges is censored; any other error is a fault of the benchmark. */
const divergences = new Set(['NonFiniteError', 'SingularFactorError', 'SearchFailedError']);

/** The spec of a run. `steps` is where schedules end. */
export function specOf({ optimizer, seed, steps, examples = images }) {
  return {
    name: 'curves-benchmark',
    seed,
    model: { recipe: 'autoencoder', hidden: [100, 50, 25, 6], activation: 'tanh' },
    data: { source: 'curves' },
    batch: { examples, slots: examples === images ? 4 : 1 },
    steps,
    optimizer,
    evaluate: { every: 0 },
    engine: 'onnx-cpu',
  };
}

/**
 * Trains to the last target, or `limit` steps.
 * @returns per target steps, seconds, passes (null: censored); `steps` to the last one; `left`, the metric at the end; ms a step;
 *   the errors of the first steps, which are compared with PyTorch's
 */
export async function train({ optimizer, seed, steps, examples = images, limit = steps }) {
  const samples = optimizer.groups[0].samples ?? 1;
  const reached = Object.fromEntries(targets.map((target) => [target, { steps: null, seconds: null, passes: null }]));
  const last = targets.at(-1);
  const errors = [];
  const firstErrors = [];
  const result = { reached, steps: null, left: Infinity, stepMs: null };
  let [seconds, passes, taken] = [0, 0, 0];
  const onRound = ({ step, phase, absorbed: { measurements, evaluation }, seconds: spent }) => {
    if (evaluation) return 'go on';
    seconds += spent;
    passes += passesOf(phase, { samples }) * (examples / images);
    if (measurements?.squaredError === undefined) return 'go on';
    taken = step;
    errors.push(measurements.squaredError);
    if (step <= firstSteps) firstErrors.push(measurements.squaredError);
    if (errors.length > images / examples) errors.shift();
    if (errors.length < images / examples) return 'go on';
    result.left = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    for (const target of targets)
      if (reached[target].steps === null && result.left <= target) reached[target] = { steps: step, seconds, passes };
    return reached[last].steps !== null || step >= limit ? 'stop' : 'go on';
  };
  try {
    await runInProcess({ spec: specOf({ optimizer, seed, steps, examples }), onRound });
  } catch (error) {
    if (!divergences.has(error.name)) throw error;
    Object.assign(result, { left: Infinity, failed: error.message });
  }
  return { ...result, reached, firstErrors, steps: reached[last].steps, stepMs: (1000 * seconds) / taken };
}

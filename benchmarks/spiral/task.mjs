/**
 * The spiral: 450 points on three arms, the classifier 2-32-32-3 with tanh, full batch. The target, fixed before any run, is a mean training
 * loss below 0.05, taken from the forward pass of step k, before its update. The ill-scaled problem is the same one with its inputs
 * x [1, 0.05] + [2, 0]: a method that is invariant under affine maps of the inputs does not see the difference.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { passesOf } from '../shared/passes.mjs';

/** Mean training loss. */
export const target = 0.05;

/** The two problems, by name. */
export const problems = { plain: {}, 'ill-scaled': { scale: [1, 0.05], shift: [2, 0] } };

/** What diverges is censored; any other error is a fault of the benchmark. */
const divergences = new Set(['NonFiniteError', 'SingularFactorError', 'SearchFailedError']);

/**
 * Trains to the target, or `limit` steps; schedules extend over `steps`.
 * @returns steps, passes and seconds to the target (null: censored), `left`, the loss at the end, ms a step
 */
export async function train({ problem, optimizer, seed, steps, limit = steps }) {
  const result = { steps: null, passes: null, seconds: null, left: Infinity, stepMs: null };
  let [seconds, passes, taken] = [0, 0, 0];
  const onRound = ({ step, phase, absorbed: { measurements, evaluation }, seconds: spent }) => {
    if (evaluation) return 'go on';
    seconds += spent;
    passes += passesOf(phase);
    const loss = measurements?.trainLoss;
    if (loss === undefined) return 'go on';
    taken = step;
    result.left = loss;
    if (loss < target) Object.assign(result, { steps: step, passes, seconds });
    return result.steps !== null || step >= limit ? 'stop' : 'go on';
  };
  try {
    await runInProcess({ spec: specOf({ problem, optimizer, seed, steps }), onRound });
  } catch (error) {
    if (!divergences.has(error.name)) throw error;
    Object.assign(result, { left: Infinity, failed: error.message });
  }
  return { ...result, stepMs: (1000 * seconds) / taken };
}

function specOf({ problem, optimizer, seed, steps }) {
  return {
    name: 'spiral-benchmark',
    seed,
    model: { recipe: 'mlp-classifier', hidden: [32, 32], activation: 'tanh' },
    data: { source: 'spiral', ...problems[problem] },
    batch: { examples: 450, slots: 1 },
    steps,
    optimizer,
    evaluate: { every: 0 },
    engine: 'onnx-cpu',
  };
}

/**
 * The task: the NDM classifier on the digits, batch 512, label smoothing 0.1, and the target, fixed before any run.
 * The target is reached at the first step at which the median of the last three validation accuracies, one a step, is at least 0.97.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { median } from '../shared/statistics.mjs';

/** Validation accuracy, and how many consecutive reads its median is taken over. */
export const target = { accuracy: 0.97, reads: 3 };
/** Steps of a run, over which schedules extend; a target not reached by then is censored. */
export const stepCap = 100;

function specOf({ groups, seed }) {
  return {
    name: 'digits-benchmark',
    seed,
    model: {
      recipe: 'ndm-classifier',
      width: 32,
      blocks: 4,
      hidden: 64,
      reflections: 2,
      scaleMax: 2,
      metric: { rank: 8, basis: 4, hidden: 32 },
    },
    data: { source: 'digits', validation: 0.1 },
    batch: { examples: 512, slots: 8 },
    steps: stepCap,
    loss: { labelSmoothing: 0.1 },
    objective: { anchor: 0.1, volume: 0.01, volumeWarmup: 0.1 },
    optimizer: { groups },
    evaluate: { every: 1 },
    engine: 'onnx-cpu',
  };
}

/**
 * Trains once. `until` 'target' stops there; 'end' goes on to the last step and reads the test split once.
 * @returns steps and seconds to the target (null: censored), milliseconds a step, the test accuracy at the end, and what made it fail
 */
export async function train({ groups, seed, until }) {
  const reads = [];
  const result = { steps: null, seconds: null, stepMs: null, testAccuracy: null };
  let seconds = 0;
  const durations = [];
  const onRound = ({ step, absorbed: { evaluation }, seconds: spent }) => {
    if (!evaluation) {
      seconds += spent;
      durations.push(spent * 1000);
    } else if (evaluation.split === 'test') {
      result.testAccuracy = evaluation.accuracy;
    } else if (reads.push(evaluation.accuracy) >= target.reads && result.steps === null) {
      if (median(reads.slice(-target.reads)) >= target.accuracy) Object.assign(result, { steps: step, seconds });
    }
    return result.steps !== null && until === 'target' ? 'stop' : 'go on';
  };
  try {
    await runInProcess({ spec: specOf({ groups, seed }), onRound });
  } catch (error) {
    // A diverged run is a censored one; anything else is a fault of the benchmark.
    if (error.name !== 'NonFiniteError' && error.name !== 'SingularFactorError') throw error;
    result.failed = error.message;
  }
  return { ...result, stepMs: durations.length > 0 ? median(durations) : null };
}

/**
 * The best configuration of each method by the sweep of `npm run bench -- digits --profile full` (18 configurations of each, seeds 101, 102
 * and 103; sums of steps to the target: K-FAC 34, metric K-FAC 38, Adam 50, SGD 89). docs/benchmarks.md tells how the grids were found.
 */
export const recorded = {
  'metric K-FAC': { momentum: 0.5, klClip: 0.1, damping: 0.1 },
  'K-FAC': { momentum: 0.5, klClip: 0.1, damping: 0.3 },
  Adam: { learningRate: 0.005, beta1: 0.7, beta2: 0.999 },
  'SGD momentum': { learningRate: 0.06, momentum: 0.8, schedule: 'constant' },
};

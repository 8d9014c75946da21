/**
 * The best configuration of each method by the sweep of `npm run bench -- B3 --profile full`; docs/benchmarks.md has its scores, and says which
 * of them went on to the second round.
 */
export const recorded = {
  'K-FAC': { from: 500, growthSteps: 80, damping: 1, adaptFactor: 0.75, factorDecay: 0.5, modelShare: 0.25 },
  'SGD momentum': { batch: 250, momentum: 0.9, learningRate: 0.01, warmup: 100 },
  SOAP: { batch: 500, learningRate: 0.03, beta1: 0.95 },
  Adam: { batch: 250, learningRate: 0.003, beta1: 0.8 },
};

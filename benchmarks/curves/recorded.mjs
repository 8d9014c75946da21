/**
 * The best configuration of each method by the sweep of `npm run bench -- B1 --profile full` (tuning seeds 101 and 102). docs/benchmarks.md
 * tells how the grids were found.
 */
export const recorded = {
  'K-FAC': { damping: 0.3, adaptFactor: 0.7, factorDecay: 0.5 },
  'K-FAC, factors every 10, int8': { damping: 0.3, samples: 4, factorDecay: 0.2, adaptFactor: 0.8 },
  SOAP: { learningRate: 0.045, beta: 0.9, schedule: 'cosine' },
  Muon: { learningRate: 0.02, momentum: 0.9, schedule: 'cosine' },
  Shampoo: { learningRate: 0.03, momentum: 0.9, schedule: 'constant' },
  Adam: { learningRate: 0.01, beta2: 0.99, schedule: 'constant' },
  'Adam, batch 250': { learningRate: 0.006, beta2: 0.99, schedule: 'constant' },
  'SOAP, batch 250': { learningRate: 0.02, beta: 0.9, schedule: 'cosine' },
  'Nesterov SGD': { learningRate: 0.03, momentum: 0.95, warmup: 400 },
};

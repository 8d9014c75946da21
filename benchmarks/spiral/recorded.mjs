/**
 * The best configuration of each method on each problem by the sweep of `npm run bench -- spiral --profile full` (12 configurations each,
 * tuning seeds 101, 102 and 103). docs/benchmarks.md tells how the grids were found.
 */
export const recorded = {
  plain: {
    'K-FAC': { damping: 0.01, adaptFactor: 0.7, factorDecay: 0.2 },
    SOAP: { learningRate: 0.1, beta: 0.8, schedule: 'constant' },
    Adam: { learningRate: 0.1, beta1: 0.8, schedule: 'constant' },
    'SGD momentum': { learningRate: 0.7, momentum: 0.9, schedule: 'cosine' },
  },
  'ill-scaled': {
    'K-FAC': { damping: 0.01, adaptFactor: 0.8, factorDecay: 0.2 },
    SOAP: { learningRate: 0.1, beta: 0.9, schedule: 'constant' },
    Adam: { learningRate: 0.07, beta1: 0.9, schedule: 'cosine' },
    'SGD momentum': { learningRate: 0.01, momentum: 0.99, schedule: 'constant' },
  },
};

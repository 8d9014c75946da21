/**
 * The best configuration of each method by the sweep of `npm run bench -- B4 --profile full`; docs/benchmarks.md has its scores.
 */
export const recorded = {
  'K-FAC, expand': { klClip: 0.0005, damping: 0.03, schedule: 'cosine', learningRate: 0.03 },
  // Those of the line above: chosen for its time, not tuned by itself.
  'K-FAC, expand, every 20': { klClip: 0.0005, damping: 0.03, schedule: 'cosine', learningRate: 0.03 },
  'K-FAC, reduce': { klClip: 0.0002, damping: 0.01, schedule: 'constant' },
  'EK-FAC, expand': { klClip: 0.0002, damping: 0.01, schedule: 'constant' },
  'EK-FAC, reduce': { klClip: 0.0002, damping: 0.01, schedule: 'constant' },
  SOAP: { learningRate: 0.008, beta1: 0.95, shampooBeta: 0.9, schedule: 'constant' },
  Muon: { learningRate: 0.06, adamLearningRate: 0.002, momentum: 0.9, schedule: 'cosine' },
  Adam: { learningRate: 0.02, beta1: 0.9, beta2: 0.99, schedule: 'cosine' },
};

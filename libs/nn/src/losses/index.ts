export { crossEntropy, hits, sampledLabelCotangent, smoothedCrossEntropy } from './categorical.ts';
export { bernoulliCrossEntropy, sampledBernoulliCotangent } from './bernoulli.ts';
export { gaussianNll, sampledGaussianCotangent } from './gaussian.ts';
export { poissonNll, sampledPoissonCotangent } from './poisson.ts';
export { sampledSequenceCotangent, sequenceCrossEntropy, sequenceHits } from './sequence-cross-entropy.ts';
export { sampledSquaredErrorCotangent, squaredError } from './squared-error.ts';
export { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

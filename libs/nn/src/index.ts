export { buildPrograms, type CurvatureMethod, type ProgramOptions, type Programs } from './build-programs.ts';
export { crossEntropy, hits, sampledLabelCotangent, smoothedCrossEntropy } from './classification.ts';
export { dense, type Dense, type DenseOptions } from './dense.ts';
export { ModelError } from './errors.ts';
export { mlpClassifier, type MlpClassifierOptions } from './mlp-classifier.ts';
export type { Chart, ClassifierModel, TensorFunction, Tensors } from './model.ts';
export { labelUniform } from './program-inputs.ts';

export * from './charts/index.ts';
export * from './curvature/index.ts';
export { chartNames, evolutionColumns, evolutionTerms, volumeWeight } from './evolution.ts';
export * from './metrics/index.ts';
export { ndmClassifier, type NdmClassifierOptions } from './ndm-classifier.ts';

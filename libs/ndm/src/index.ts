export { actNorm, actNormFromSums, actNormParameters } from './act-norm.ts';
export { affineCoupling, type AffineCouplingOptions } from './affine-coupling.ts';
export { chartBlock, compose, type ChartBlock, type ChartBlockOptions } from './chart-block.ts';
export type { ChartMap, Mapped } from './chart-map.ts';
export { chartNames, evolutionColumns, evolutionTerms, volumeWeight } from './evolution.ts';
export {
  drawFromMetric,
  factoredMetric,
  halfLogDet,
  inverseQuadratic,
  metricBounds,
  type FactoredMetric,
  type FactoredMetricOptions,
  type MetricField,
} from './factored-metric.ts';
export { householder } from './householder.ts';
export { ndmClassifier, type NdmClassifierOptions } from './ndm-classifier.ts';

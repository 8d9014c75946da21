export { DenseMetric, type DenseMetricOptions } from './dense-metric.ts';
export { MetricError } from './errors.ts';
export { factoredDiagonal, factoredMetric, type FactoredFrame, type FactoredPoint } from './factored-metric.ts';
export { addStatistics, factoredStatistics, meanMetric, type FactoredStatistics } from './factored-statistics.ts';
export { fisherAnchor, type FisherAnchor } from './fisher-anchor.ts';
export { LowRankMetric, type LowRankParts } from './low-rank-metric.ts';
export {
  boundedDiagonal,
  boundedFactor,
  defaultMetricBounds,
  requireMetricBounds,
  spectrumWithin,
  type MetricBounds,
} from './metric-bounds.ts';
export { squaredLength, volumeElement, type Metric } from './metric.ts';
export { addMoments, summarizeMoments, volumeMoments, type VolumeMoments } from './volume-moments.ts';

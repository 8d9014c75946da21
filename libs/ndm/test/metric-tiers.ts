/**
 * Every tier of the Geometric Layer at a small size, with keyed parameters, beside the same metric as a float64 field of
 * @geodesic/geometry: the reference.
 */
import {
  boundedDiagonal,
  boundedExponent,
  boundedFactor,
  choleskyField,
  conformalField,
  constantField,
  factoredField,
  lowRankField,
  tanhNetwork,
  type MetricField as ReferenceField,
  type SmoothMap,
} from '@geodesic/geometry';
import { matmul } from '@geodesic/linalg';
import type { TensorData } from '@geodesic/tensor';
import {
  choleskyMetric,
  conformalMetric,
  constantMetric,
  factoredMetric,
  lowRankMetric,
  metricBounds,
  type ChartMetric,
} from '../src/index.ts';
import { normalParameters } from './evaluate-function.ts';

/** Parameters by name. */
export type Parameters = Readonly<Record<string, TensorData>>;

/** A tier: the metric of the graph, values for its parameters, and the reference field of those. */
export interface Tier {
  readonly name: string;
  readonly metric: ChartMetric;
  readonly parameters: Parameters;
  readonly reference: ReferenceField;
  /** Relative agreement in float64: the factored tier has constants that are no short decimals, which a trace rounds to float32. */
  readonly rel: number;
}

/** Dimension of all tiers here. */
export const width = 3;
const [rank, hidden, basis] = [2, 4, 2];
const bounds = { dMin: 0.125, dMax: 4, uMax: 2 };
const epsilon = 0.125;

function values(parameters: Parameters, name: string): Float64Array {
  return Float64Array.from(parameters[name].data);
}

/** The reference of a net. */
export function referenceNet(parameters: Parameters, name = 'm.net'): SmoothMap {
  const layers = [1, 2].map((k) => ({ weights: values(parameters, `${name}.weight${k}`), bias: values(parameters, `${name}.bias${k}`) }));
  return tanhNetwork(width, layers);
}

function constantMatrix(parameters: Parameters, name: string): Float64Array {
  const diagonal = boundedDiagonal(values(parameters, `${name}.diagonal`), bounds);
  const factor = boundedFactor(values(parameters, `${name}.factor`), bounds);
  return matmul(factor, factor, { m: width, k: rank, n: width, transposeB: true }).map(
    (entry, at) => entry + (at % (width + 1) === 0 ? diagonal[at / (width + 1)] : 0),
  );
}

function factoredReference(parameters: Parameters): ReferenceField {
  const { dMin, dMax, pMax } = metricBounds;
  const [low, high] = [dMin * Math.exp(pMax), dMax * Math.exp(-pMax)];
  const raw = values(parameters, 'm.factor');
  const norm = Math.sqrt(1 + raw.reduce((sum, entry) => sum + entry * entry, 0));
  return factoredField(referenceNet(parameters), {
    base: values(parameters, 'm.diagonal').map((entry) => low + (high - low) / (1 + Math.exp(-entry))),
    exponents: values(parameters, 'm.mixing').map((entry) => (pMax / basis) * Math.tanh(entry)),
    directions: raw.map((entry) => entry / norm),
    basis,
    rank,
  });
}

/** All tiers with parameters normal times `scale`. */
export function tiers(scale = 0.8): Tier[] {
  const options = { name: 'm', width, rank, hidden, bounds };
  const tier = (name: string, metric: ChartMetric, reference: (parameters: Parameters) => ReferenceField, rel = 1e-10): Tier => {
    const parameters = normalParameters(metric.parameters, scale);
    return { name, metric, parameters, reference: reference(parameters), rel };
  };
  return [
    tier('constant', constantMetric(options), (p) => constantField(constantMatrix(p, 'm'), width)),
    tier('conformal', conformalMetric({ ...options, exponentMax: 2 }), (p) =>
      conformalField(
        constantField(constantMatrix(p, 'm.base'), width),
        boundedExponent((x) => referenceNet(p).evaluate(x), 2),
      ),
    ),
    tier('low-rank', lowRankMetric(options), (p) => lowRankField(referenceNet(p), { rank, bounds })),
    tier('factored', factoredMetric({ name: 'm', width, rank, basis, hidden }), factoredReference, 3e-7),
    tier('dense', choleskyMetric({ name: 'm', width, hidden, epsilon }), (p) => choleskyField(referenceNet(p), { epsilon })),
  ];
}

/**
 * Metric fields whose parts are the raw outputs of a smooth map (a tanh network): tiers T3, T2 and T2f of spec A2, with the bounds of
 * metric-bounds.ts carried by jets. The low-rank tiers never form [d, d] in `apply` and `at`.
 *   T3   g = L L^T + epsilon I        raw = lower triangle of L row-major, diagonal through softplus, [d(d+1)/2]
 *   T2   g = diag(D) + U U^T          raw = [D | U], D [d] bounded, U [d, r] bounded, [d (1 + r)]
 *   T2f  g = diag(D0 e^(P b)) + U0 C C^T U0^T   raw = [b | C], b = tanh(raw) [q], C [r, r] bounded, [q + r^2]
 */
import { MetricError, requireLength } from '../errors.ts';
import type { FactoredFrame } from '../factored-metric.ts';
import { diagonalMatrix, exp, matrixProduct, power, sigmoid, softplus, square, tanh, transposed } from '../jets/jet-functions.ts';
import { Jet } from '../jets/jet.ts';
import { evaluateChecked, type SmoothMap } from '../jets/smooth-map.ts';
import { LowRankMetric } from '../low-rank-metric.ts';
import { defaultMetricBounds, requireMetricBounds, type MetricBounds } from '../metric-bounds.ts';
import { metricField, type MetricField } from './metric-field.ts';

/** Tier T3: dense, for small d. @throws {MetricError} when the map has not d(d+1)/2 outputs or epsilon is not positive */
export function choleskyField(raw: SmoothMap, { epsilon }: { readonly epsilon: number }): MetricField {
  const d = raw.inputs;
  requireOutputs('choleskyField', raw, (d * (d + 1)) / 2);
  if (!(epsilon > 0)) throw new MetricError('choleskyField', 'epsilon', 'a positive number', String(epsilon));
  return metricField(d, (x) => {
    const lower = lowerTriangle(evaluateChecked(raw, x), d);
    const gram = matrixProduct(lower, transposed(lower, d, d), { m: d, p: d, n: d });
    return gram.plus(Float64Array.from({ length: d * d }, (_, at) => (at % (d + 1) === 0 ? epsilon : 0)));
  });
}

/** Tier T2: diagonal and low rank. @throws {MetricError} when the map has not d (1 + rank) outputs or the bounds are unusable */
export function lowRankField(raw: SmoothMap, { rank, bounds = defaultMetricBounds }: LowRankFieldOptions): MetricField {
  const d = raw.inputs;
  requireOutputs('lowRankField', raw, d * (1 + rank));
  requireMetricBounds(bounds);
  return fieldOfParts(d, rank, (x) => {
    const outputs = evaluateChecked(raw, x);
    return { diagonal: boundedDiagonalJet(outputs.slice(0, d), bounds), factor: boundedFactorJet(outputs.slice(d, outputs.size), bounds) };
  });
}

/** Rank r and limits of the parts (default defaultMetricBounds). */
export interface LowRankFieldOptions {
  readonly rank: number;
  readonly bounds?: MetricBounds;
}

/** Tier T2f: factored over shared directions. @throws {MetricError} when the map has not q + r^2 outputs or the frame does not fit */
export function factoredField(raw: SmoothMap, frame: FactoredFrame, bounds: MetricBounds = defaultMetricBounds): MetricField {
  const { base, exponents, directions, basis, rank } = frame;
  const d = raw.inputs;
  requireOutputs('factoredField', raw, basis + rank * rank);
  requireLength('factoredField', 'base', base, d, `[${d}]`);
  requireLength('factoredField', 'exponents', exponents, d * basis, `[${d}, ${basis}]`);
  requireLength('factoredField', 'directions', directions, d * rank, `[${d}, ${rank}]`);
  requireMetricBounds(bounds);
  return fieldOfParts(d, rank, (x) => {
    const outputs = evaluateChecked(raw, x);
    const exponent = matrixProduct(Jet.constant(x.space, exponents), tanh(outputs.slice(0, basis)), { m: d, p: basis, n: 1 });
    const small = boundedFactorJet(outputs.slice(basis, outputs.size), bounds);
    return {
      diagonal: exp(exponent).multiply(Jet.constant(x.space, base)),
      factor: matrixProduct(Jet.constant(x.space, directions), small, { m: d, p: rank, n: rank }),
    };
  });
}

/** Jets of D [d] and U [d, r]. */
interface Parts {
  readonly diagonal: Jet;
  readonly factor: Jet;
}

/** The field diag(D) + U U^T of parts that depend on the point. */
function fieldOfParts(d: number, rank: number, parts: (x: Jet) => Parts): MetricField {
  const matrix = (x: Jet): Jet => {
    const { diagonal, factor } = parts(x);
    return matrixProduct(factor, transposed(factor, d, rank), { m: d, p: rank, n: d }).plus(diagonalMatrix(diagonal));
  };
  return {
    ...metricField(d, matrix),
    apply: (x, vectors) => {
      const { diagonal, factor } = parts(x);
      const rows = vectors.map((w) => {
        const inward = factor.linear(rank, (entries, out) =>
          entries.forEach((entry, at) => (out[at % rank] += entry * w[Math.floor(at / rank)])),
        );
        const outward = matrixProduct(factor, inward, { m: d, p: rank, n: 1 });
        return diagonal.linear(d, (entries, out) => entries.forEach((entry, i) => (out[i] = entry * w[i]))).plus(outward);
      });
      return Jet.concat(rows);
    },
    at: (x) => {
      const { diagonal, factor } = parts(Jet.at(x, 0));
      return new LowRankMetric({ diagonal: diagonal.values, factor: factor.values, rank });
    },
  };
}

function boundedDiagonalJet(raw: Jet, { dMin, dMax }: MetricBounds): Jet {
  return sigmoid(raw)
    .scale(dMax - dMin)
    .plus(dMin);
}

function boundedFactorJet(raw: Jet, { uMax }: MetricBounds): Jet {
  if (uMax === 0) return raw.scale(0);
  const shrink = power(
    square(raw)
      .sum()
      .plus(uMax * uMax),
    -0.5,
  ).scale(uMax);
  return raw.multiply(shrink);
}

function lowerTriangle(raw: Jet, d: number): Jet {
  const at = (i: number, j: number): number => (i * (i + 1)) / 2 + j;
  const below = raw.linear(d * d, (entries, out) => {
    for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) out[i * d + j] = entries[at(i, j)];
  });
  const diagonal = raw.linear(d, (entries, out) => {
    for (let i = 0; i < d; i++) out[i] = entries[at(i, i)];
  });
  return below.plus(diagonalMatrix(softplus(diagonal)));
}

function requireOutputs(operation: string, raw: SmoothMap, outputs: number): void {
  if (raw.outputs !== outputs) throw new MetricError(operation, 'raw', `a map of ${outputs} outputs`, `${raw.outputs}`);
}

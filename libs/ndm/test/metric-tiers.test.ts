import { matmul, symmetricEigen } from '@geodesic/linalg';
import type { Metric } from '@geodesic/geometry';
import type { TensorFunction } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { choleskyMetric, conformalMetric, lowRankMetric } from '../src/index.ts';
import { evaluateFunction, normalTensor } from './evaluate-function.ts';
import { tiers, width as d, type Tier } from './metric-tiers.ts';
import { tensor } from './run-chart.ts';
import { runOnnx } from './run-onnx.ts';

const rows = 4;
const x = normalTensor('x', [rows, d]);
const w = normalTensor('w', [rows, d]);

/** The products, solves and half log-determinants of a tier. */
function algebra({ metric }: Tier): TensorFunction {
  return (t) => {
    const field = metric.at(t, t.x);
    return { product: field.multiply(t.w), solution: field.solve(t.w), half: field.halfLogDet() };
  };
}

/** What the reference says of the same. */
function referenceAlgebra({ reference }: Tier): Record<'product' | 'solution' | 'half', number[]> {
  const row = (data: TensorData, i: number): Float64Array => Float64Array.from(data.data.slice(i * d, (i + 1) * d));
  const each = (ask: (g: Metric, at: Float64Array) => Iterable<number>): number[] =>
    Array.from({ length: rows }, (_, i) => [...ask(reference.at(row(x, i)), row(w, i))]).flat();
  return {
    product: each((g, at) => g.multiply(at)),
    solution: each((g, at) => g.solve(at)),
    half: each((g) => [g.logDet() / 2]),
  };
}

describe.each(tiers())('the $name metric', (tier) => {
  const { metric, parameters, rel } = tier;

  it('multiplies, solves and takes 1/2 log det as the float64 reference does', () => {
    const found = evaluateFunction(algebra(tier), { ...parameters, x, w });
    for (const [name, expected] of Object.entries(referenceAlgebra(tier))) expectClose(found[name], expected, { rel, abs: rel });
  });

  it('does so within 1e-4 on ONNX Runtime in float32', async () => {
    const found = await runOnnx(algebra(tier), { ...parameters, x, w });
    for (const [name, expected] of Object.entries(referenceAlgebra(tier))) expectClose(found[name], expected, { rel: 1e-4, abs: 1e-5 });
  });

  it('draws with covariance g and g^-1: the maps of normals times their transposes', () => {
    const k = metric.normals;
    const point = tensor([k, d], Array.from({ length: k }, () => Array.from(x.data.slice(0, d))).flat());
    const units = tensor(
      [k, k],
      Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0)),
    );
    const { draw, inverse } = evaluateFunction(
      (t) => {
        const field = metric.at(t, t.x);
        return { draw: field.draw(t.units), inverse: field.drawInverse(t.units) };
      },
      { ...parameters, x: point, units },
    );
    const covariance = (map: readonly number[]): Float64Array => {
      const columns = Float64Array.from(map);
      return matmul(columns, columns, { m: d, k, n: d, transposeA: true });
    };
    const g = tier.reference.at(Float64Array.from(x.data.slice(0, d)));
    const identity = Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
    expectClose(covariance(draw), g.toDense(), { rel, abs: rel });
    expectClose(covariance(inverse), g.solve(identity, d), { rel: 10 * rel, abs: 10 * rel });
  });

  it('promises a spectrum that holds for parameters and points of any size', () => {
    const scale = fc.constantFrom(0, 1e-3, 1, 30, 1e3);
    const { lower, upper, condition } = metric.spectrum;
    fc.assert(
      fc.property(fc.nat(), scale, scale, (seed, parameterScale, pointScale) => {
        const named = Object.fromEntries(
          metric.parameters.map(({ name, shape }) => [name, normalTensor(`${name}${seed}`, shape, parameterScale)]),
        );
        const units = tensor(
          [d, d],
          Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0)),
        );
        const point = normalTensor(`x${seed}`, [1, d], pointScale).data;
        const at = tensor([d, d], Array.from({ length: d }, () => [...point]).flat());
        const { g } = evaluateFunction((t) => ({ g: metric.at(t, t.x).multiply(t.units) }), { ...named, x: at, units });
        const { values } = symmetricEigen(Float64Array.from(g), d);
        // A dense metric is bounded by its parameters alone; where they are 1e6 wide its least eigenvalue drowns in rounding.
        const rounding = 1e-7 * lower + 1e-15 * values[d - 1];
        expect(values[0]).toBeGreaterThanOrEqual(lower - rounding);
        expect(values[d - 1]).toBeLessThanOrEqual(upper * (1 + 1e-6));
        expect(values[d - 1] / (values[0] + rounding)).toBeLessThanOrEqual(condition * (1 + 1e-6));
      }),
      { seed: 31, numRuns: 30 },
    );
  });
});

describe('limits', () => {
  it.each([
    ['epsilon', () => choleskyMetric({ name: 'm', width: d, hidden: 2, epsilon: 0 })],
    ['exponentMax', () => conformalMetric({ name: 'm', width: d, rank: 1, hidden: 2, exponentMax: -1 })],
    ['dMin', () => lowRankMetric({ name: 'm', width: d, rank: 1, hidden: 2, bounds: { dMin: 0, dMax: 1, uMax: 1 } })],
  ])('of which %s gives no metric are refused by name', (name, build) => {
    expect(build).toThrow(new RegExp(`${name}.*expected a positive number`));
  });
});

/** The smaller parts of continual learning: merging of anchors, orthogonal gradients, measures, bytes. */
import {
  anchorBytes,
  anchorPenalty,
  anchorsToTree,
  continualMeasures,
  extendBasis,
  functionalPenalty,
  kroneckerAnchor,
  mergeAnchorsApproximately,
  projectOut,
  toDense,
  totalPenalty,
} from '@geodesic/natural-gradient';
import { matmul, symmetricEigen } from '@geodesic/linalg';
import { expectClose, flat, rowsOf } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import { golden, vectorOf } from './golden-continual.ts';
import { randomFactors, randomSpd } from './random-factors.ts';

describe('mergeAnchorsApproximately', () => {
  const [rows, columns] = [4, 3];
  const anchors = [1, 2, 3].map((seed) => kroneckerAnchor('w', numbers(seed, 12), randomFactors(10 * seed, rows, columns)));
  const distance = (a: Float64Array, b: Float64Array): number => Math.hypot(...a.map((entry, i) => entry - b[i]));
  const sum = anchors.map(toDense).reduce((total, one) => total.map((entry, i) => entry + one[i]));

  it('keeps the last weights, and reports how far its curvature is from the sum', () => {
    const { anchor, curvatureError } = mergeAnchorsApproximately(anchors);
    expect(anchor.weights).toEqual(anchors[2].weights);
    expectClose(distance(toDense(anchor), sum) / Math.hypot(...sum), curvatureError, { rel: 1e-9 });
    expect(curvatureError).toBeGreaterThan(0);
    expect(curvatureError).toBeLessThan(0.3);
  });

  it('is nearer to the sum than the product of summed factors, and than its neighbours', () => {
    const { anchor } = mergeAnchorsApproximately(anchors);
    const added = (key: 'input' | 'output'): Float64Array =>
      anchors[0][key].map((_, i) => anchors.reduce((total, one) => total + one[key][i], 0) / 3);
    const averaged = toDense({ rows, columns, input: added('input').map((entry) => 3 * entry), output: added('output') });
    expect(distance(toDense(anchor), sum)).toBeLessThan(distance(averaged, sum));
    const neighbour = { ...anchor, input: anchor.input.map((entry, i) => entry + 1e-3 * Math.cos(i)) };
    expect(distance(toDense(anchor), sum)).toBeLessThan(distance(toDense(neighbour), sum));
  });

  it('has positive semi-definite factors', () => {
    const { anchor } = mergeAnchorsApproximately(anchors);
    expect(symmetricEigen(anchor.input, rows).values[0]).toBeGreaterThan(0);
    expect(symmetricEigen(anchor.output, columns).values[0]).toBeGreaterThan(0);
  });

  it('is exact for tasks of one place and one factor', () => {
    const [first] = anchors;
    const alike = [first, { ...first, output: anchors[1].output }];
    const { anchor, curvatureError } = mergeAnchorsApproximately(alike);
    expect(curvatureError).toBeLessThan(1e-7);
    const w = numbers(9, 12);
    const merged = anchorPenalty(anchor, w, { strength: 1 });
    const exact = totalPenalty(alike, () => w, { strength: 1 });
    expectClose(merged.value, exact.value, { rel: 1e-12 });
    expectClose(merged.gradient, exact.gradients.get('w')!, { rel: 1e-10, abs: 1e-12 });
  });

  it('takes curvatures that are zero', () => {
    const zero = kroneckerAnchor('w', new Float64Array(1), {
      rows: 1,
      columns: 1,
      input: new Float64Array(1),
      output: new Float64Array(1),
    });
    const { anchor, curvatureError } = mergeAnchorsApproximately([zero, zero]);
    expect(curvatureError).toBe(0);
    expect(toDense(anchor)[0]).toBe(0);
  });

  it('refuses none, and anchors of different layers', () => {
    expect(() => mergeAnchorsApproximately([])).toThrow('expected at least one anchor, got none');
    expect(() => mergeAnchorsApproximately([anchors[0], { ...anchors[1], layer: 'v' }])).toThrow(
      "layer 'v': expected anchors [4, 3], got 'w' [4, 3]",
    );
  });
});

describe('functionalPenalty', () => {
  const [count, columns, inputs] = [6, 3, 4];
  const metrics = Float64Array.from(Array.from({ length: count }, (_, b) => [...randomSpd(40 + b, columns)]).flat());
  const anchor = { layer: 'head', count, columns, outputs: numbers(30, count * columns), metrics };
  const z = numbers(31, count * columns);

  it('has the gradient of its value, and is zero at the stored outputs', () => {
    const at = (outputs: Float64Array): number => functionalPenalty(anchor, outputs, { strength: 2 }).value;
    const h = 1e-4;
    const differences = z.map(
      (_, i) => (at(z.map((e, j) => (i === j ? e + h : e))) - at(z.map((e, j) => (i === j ? e - h : e)))) / (2 * h),
    );
    expectClose(functionalPenalty(anchor, z, { strength: 2 }).gradient, differences, { abs: 1e-10 });
    expect(at(anchor.outputs)).toBe(0);
  });

  it('is the Kronecker penalty for a linear layer under one metric', () => {
    const x = numbers(32, count * inputs);
    const metric = randomSpd(33, columns);
    const [w, old] = [numbers(34, inputs * columns), numbers(35, inputs * columns)];
    const through = (weights: Float64Array): Float64Array => matmul(x, weights, { m: count, k: inputs, n: columns });
    const input = matmul(x, x, { m: inputs, k: count, n: inputs, transposeA: true }).map((entry) => entry / count);
    const same = Float64Array.from(Array.from({ length: count }, () => [...metric]).flat());
    const stored = { layer: 'head', count, columns, outputs: through(old), metrics: same };
    const kronecker = kroneckerAnchor('head', old, { rows: inputs, columns, input, output: metric });
    const functional = functionalPenalty(stored, through(w), { strength: 3 });
    const expected = anchorPenalty(kronecker, w, { strength: 3 });
    expectClose(functional.value, expected.value, { rel: 1e-12 });
    const pulled = matmul(x, functional.gradient, { m: inputs, k: count, n: columns, transposeA: true });
    expectClose(pulled, expected.gradient, { rel: 1e-10, abs: 1e-12 });
  });

  it('refuses outputs of another size', () => {
    expect(() => functionalPenalty(anchor, [1], { strength: 1 })).toThrow(
      "functionalPenalty: layer 'head': expected z with 18 entries, got 1",
    );
    expect(() => functionalPenalty({ ...anchor, count: 5 }, z, { strength: 1 })).toThrow('expected z* with 15 entries, got 18');
  });
});

describe('projectOut', () => {
  it('is that of golden/10', () => {
    const { inputs, outputs, tol } = golden['orthogonal_gradient'];
    const basis = extendBasis([], rowsOf(inputs['old_directions']));
    expectClose(projectOut(vectorOf(inputs['g']), basis), flat(outputs['projected']), tol);
  });

  it('leaves nothing along directions that came one by one, dependent ones and zero among them', () => {
    const [u, v] = [numbers(1, 8), numbers(2, 8)];
    const both = u.map((entry, i) => entry - 3 * v[i]);
    const basis = extendBasis(extendBasis([], [u]), [v, both, new Float64Array(8)]);
    expect(basis).toHaveLength(2);
    const projected = projectOut(numbers(3, 8), basis);
    for (const direction of [u, v, both])
      expectClose(
        projected.reduce((sum, entry, i) => sum + entry * direction[i], 0),
        0,
        { abs: 1e-14 },
      );
  });

  it('is orthonormal for nearly dependent directions', () => {
    const u = numbers(4, 30);
    const basis = extendBasis([], [u, u.map((entry, i) => entry + 1e-8 * Math.cos(i))]);
    expect(basis).toHaveLength(2);
    expectClose(
      basis[0].reduce((sum, entry, i) => sum + entry * basis[1][i], 0),
      0,
      { abs: 1e-14 },
    );
  });

  it('refuses vectors of another length', () => {
    expect(() => projectOut(numbers(1, 3), [numbers(2, 4)])).toThrow('projectOut: expected vectors of length 3, got 4');
  });
});

describe('continualMeasures', () => {
  it('are those of golden/10', () => {
    const { inputs, outputs, tol } = golden['continual_metrics'];
    const { averageFinal, forgetting, backwardTransfer } = continualMeasures(rowsOf(inputs['accuracy_matrix']));
    expectClose(averageFinal, flat(outputs['average_final']), tol);
    expectClose(forgetting, flat(outputs['forgetting']), tol);
    expectClose(backwardTransfer, flat(outputs['backward_transfer']), tol);
  });

  it('know nothing to forget after one task', () => {
    expect(continualMeasures([[0.9]])).toEqual({ averageFinal: 0.9, forgetting: 0, backwardTransfer: 0 });
  });

  it('refuse a matrix that is not square', () => {
    expect(() => continualMeasures([])).toThrow('continualMeasures: expected at least 1 scores a row, got 0');
    expect(() => continualMeasures([[1, 2], [3]])).toThrow('expected 2 scores a row, got 1');
  });
});

describe('anchorBytes', () => {
  const layers = [
    { rows: 785, columns: 256 },
    { rows: 257, columns: 128 },
    { rows: 129, columns: 10 },
  ];

  it('counts the factors of 784-256-128-10 in float32 as the published table does', () => {
    const bytes = anchorBytes(layers, { bytesPerNumber: 4 });
    expect(bytes).toMatchObject({ weights: 940_584, diagonal: 940_584, input: 1_400_172, output: 164_828, factoredOutput: 2_008 });
    expect(bytes.dense / (bytes.input + bytes.output)).toBeGreaterThan(50_000);
  });

  it('counts what a tree of anchors holds, shapes and version aside', () => {
    const anchor = kroneckerAnchor('w', new Float64Array(12), randomFactors(1, 4, 3));
    const { weights, input, output } = anchorBytes([anchor]);
    const held = Object.values(anchorsToTree([anchor])).reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(held).toBe(weights + input + output + 16 + 8);
  });
});

import {
  type Anchor,
  AnchorError,
  anchorPenalty,
  anchorsFromTree,
  anchorsToTree,
  diagonalAnchor,
  euclideanAnchor,
  kroneckerAnchor,
  StateError,
  toDense,
  totalPenalty,
} from '@geodesic/natural-gradient';
import { expectClose, flat } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import { factorsOf, golden, turned, vectorOf } from './golden-continual.ts';
import { randomFactors } from './random-factors.ts';

const shape = { rows: 3, columns: 2 };
const weights = numbers(1, 6);
const anchors: readonly Anchor[] = [
  kroneckerAnchor('stem', numbers(2, 6), randomFactors(3, 3, 2)),
  diagonalAnchor('stem', numbers(4, 6), { ...shape, fisher: numbers(5, 6).map(Math.abs) }),
  euclideanAnchor('blocks/0/head', numbers(6, 6), shape),
];

describe('anchorPenalty', () => {
  it('is that of golden/10 with Kronecker factors', () => {
    const { inputs, outputs, tol } = golden['kronecker_ewc'];
    const anchor = kroneckerAnchor('w', turned(inputs['W_anchor']), factorsOf(inputs['A'], inputs['S']));
    const { value, gradient } = anchorPenalty(anchor, turned(inputs['W']), { strength: flat(inputs['lam'])[0] });
    expectClose(value, flat(outputs['penalty']), tol);
    expectClose(gradient, turned(outputs['gradient']), tol);
  });

  it('is that of golden/10 with a diagonal', () => {
    const { inputs, outputs, tol } = golden['diagonal_ewc'];
    const anchor = diagonalAnchor('w', vectorOf(inputs['W_anchor']), { rows: 3, columns: 4, fisher: vectorOf(inputs['fisher_diag']) });
    const { value, gradient } = anchorPenalty(anchor, vectorOf(inputs['W']), { strength: flat(inputs['lam'])[0] });
    expectClose(value, flat(outputs['penalty']), tol);
    expectClose(gradient, vectorOf(outputs['gradient']), tol);
  });

  it.each(anchors)('has the gradient of its value ($kind)', (anchor) => {
    const at = (w: Float64Array): number => anchorPenalty(anchor, w, { strength: 1.7 }).value;
    const h = 1e-4;
    const differences = weights.map((_, i) => {
      const moved = (by: number): Float64Array => weights.map((w, j) => (j === i ? w + by : w));
      return (at(moved(h)) - at(moved(-h))) / (2 * h);
    });
    expectClose(anchorPenalty(anchor, weights, { strength: 1.7 }).gradient, differences, { abs: 1e-9 });
  });

  it.each(anchors)('is zero at the anchor ($kind)', (anchor) => {
    expect(anchorPenalty(anchor, anchor.weights, { strength: 3 })).toEqual({ value: 0, gradient: new Float64Array(6) });
  });

  it('agrees with L2 for factors that are the identity, and with the dense quadratic form', () => {
    const factors = randomFactors(7, 3, 2);
    const dense = toDense(factors);
    const { value } = anchorPenalty(kroneckerAnchor('w', new Float64Array(6), factors), weights, { strength: 2 });
    let expected = 0;
    for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) expected += weights[i] * dense[i * 6 + j] * weights[j];
    expectClose(value, expected, { rel: 1e-13 });
    const unit = { ...shape, input: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), output: Float64Array.of(1, 0, 0, 1) };
    const options = { strength: 2 };
    expect(anchorPenalty(kroneckerAnchor('w', anchors[0].weights, unit), weights, options)).toEqual(
      anchorPenalty(euclideanAnchor('w', anchors[0].weights, shape), weights, options),
    );
  });

  it('names the layer whose weights have another size', () => {
    expect(() => anchorPenalty(anchors[0], new Float64Array(5), { strength: 1 })).toThrow(AnchorError);
    expect(() => anchorPenalty(anchors[0], new Float64Array(5), { strength: 1 })).toThrow(
      "anchorPenalty: layer 'stem': expected weights with 6 entries, got 5 entries",
    );
  });
});

describe('totalPenalty', () => {
  it('adds the penalties of all tasks, layer by layer', () => {
    const options = { strength: 0.5 };
    const { value, gradients } = totalPenalty(anchors, () => weights, options);
    const each = anchors.map((anchor) => anchorPenalty(anchor, weights, options));
    expectClose(value, each[0].value + each[1].value + each[2].value, { rel: 1e-15 });
    expect([...gradients.keys()]).toEqual(['stem', 'blocks/0/head']);
    expectClose(
      gradients.get('stem')!,
      each[0].gradient.map((entry, i) => entry + each[1].gradient[i]),
      { rel: 1e-15 },
    );
  });

  it('is nothing before the first task', () => {
    expect(totalPenalty([], () => weights, { strength: 1 })).toEqual({ value: 0, gradients: new Map() });
  });
});

describe('anchors', () => {
  it('are copies', () => {
    const given = numbers(8, 6);
    const anchor = euclideanAnchor('w', given, shape);
    given[0] = 99;
    expect(anchor.weights[0]).not.toBe(99);
  });

  it('refuse arrays that are not of the shape', () => {
    expect(() => euclideanAnchor('w', numbers(1, 5), shape)).toThrow("layer 'w': expected W* with 6 entries, got 5 entries");
    expect(() => kroneckerAnchor('w', weights, { ...randomFactors(1, 3, 2), input: new Float64Array(4) })).toThrow('expected A* with 9');
    expect(() => kroneckerAnchor('w', weights, { ...randomFactors(1, 3, 2), output: new Float64Array(1) })).toThrow('expected S* with 4');
    expect(() => diagonalAnchor('w', weights, { ...shape, fisher: [] })).toThrow('expected F with 6 entries, got 0');
  });

  it('come back from their tree with the same bits and in their order', () => {
    const many = Array.from({ length: 4 }, () => anchors).flat();
    expect(anchorsFromTree(anchorsToTree(many))).toEqual(many);
    expect(anchorsFromTree(structuredClone(anchorsToTree([])))).toEqual([]);
  });

  it('refuse a tree of another version, or with a hole', () => {
    const tree = anchorsToTree(anchors);
    expect(() => anchorsFromTree({ ...tree, version: Float64Array.of(99) })).toThrow(StateError);
    const { '0/kronecker/input/stem': _input, ...rest } = tree;
    expect(() => anchorsFromTree(rest)).toThrow("'0/kronecker/input/stem'");
  });
});

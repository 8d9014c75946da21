/**
 * The Kronecker factors of a layer from its inputs a and backpropagated vectors g_k, over the examples n of a slot and their T positions
 * s, rows weighted. With a- = [a; 1] (without a bias a- = a), so that C = (sum A / N) (x) (sum S / N) for N examples in all, and a sum
 * over the vectors k in every S and U:
 *   dense, conv   expand  A = sum_n sum_s a-_ns a-_ns^T,            S = sum_n 1/T sum_s g_ns g_ns^T
 *                 reduce  A = sum_n (sum_s a-_ns)(sum_s a-_ns)^T,   S = sum_n (1/T sum_s g_ns)(1/T sum_s g_ns)^T
 *   embedding     A = sum_n sum_s e_ns [V], the diagonal: how often each id occurs; S as expand
 *   norm          U = sum_n [p^2; p q; q^2] [3, C] for each channel, p = sum_s g_ns a_ns, q = sum_s g_ns the gradients of gain and
 *                 bias of an example; without a bias U = sum_n p^2 [1, C]. Exact within a channel, nothing between channels.
 * T = 1 makes both forms one. Positions that a mask excludes weigh nothing, and T counts the others of each example.
 * A convolution's a are its patches. The moments of batch norms count as constants.
 * Source: Martens and Grosse 2015; Grosse and Martens 2016; Eschenhagen et al. 2023 (expand and reduce).
 */
import type { Expressions } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import type { Case, LayerCases, LayerVectors } from './layer-cases.ts';

/** A of a dense or convolutional layer [rows, rows], of an embedding its diagonal [V]. @throws {ModelError} naming an embedding to reduce */
export function inputFactor(cases: LayerCases): number {
  const { x, layer, uses } = cases;
  if (layer.kind === 'embedding') return counts(cases);
  const homogeneous = uses.map((use) => cases.inputs(use));
  if (layer.sharing !== 'reduce') return cases.total(homogeneous, (rows) => outer(x, rows));
  return outer(
    x,
    cases.total(homogeneous, (rows, i) => cases.sumPositions(rows, uses[i])),
  );
}

/** S [O, O]. */
export function outputFactor(cases: LayerCases, { vectors, factor }: LayerVectors): number {
  const { x, layer, uses } = cases;
  const sum = cases.total(vectors, (vector) => {
    const gradients = cases.gradients(vector);
    if (layer.sharing === 'reduce')
      return outer(
        x,
        cases.total(uses, (use, i) => meanPositions(cases, gradients[i], use)),
      );
    return cases.total(uses, ({ share }, i) => {
      if (typeof share === 'number') return x.scale(outer(x, gradients[i]), share);
      return outer(x, x.mul(gradients[i], x.unary('Sqrt', share.id)));
    });
  });
  return x.scale(sum, factor);
}

/** U [3, C], or [1, C] without a bias. */
export function unitFactor(cases: LayerCases, { vectors, factor }: LayerVectors): number {
  const { x, layer } = cases;
  const second = (a: number, b: number): number => x.sum(x.mul(a, b), [0], { keepDims: true });
  const sum = cases.total(vectors, (vector) => {
    const [p, q] = unitGradients(cases, vector);
    return layer.bias ? x.concat([second(p, p), second(p, q), second(q, q)], 0) : second(p, p);
  });
  return x.scale(sum, factor);
}

/** A norm's gradients of each example, of gain and of bias: [B, C] each. */
export function unitGradients(cases: LayerCases, vector: readonly number[]): [gain: number, bias: number] {
  const { x, uses } = cases;
  const gradients = cases.gradients(vector);
  const sum = (of: (use: Case, g: number) => number): number =>
    cases.total(uses, (use, i) => cases.sumPositions(x.mul(of(use, gradients[i]), use.cases), use));
  return [sum((use, g) => x.mul(g, cases.normalised(use))), sum((_use, g) => g)];
}

/** How often each id occurs: [V]. */
function counts(cases: LayerCases): number {
  const { x, layer } = cases;
  if (layer.sharing === 'reduce') throw new ModelError(layer.name, 'sharing expand for an embedding, whose A is then diagonal', 'reduce');
  return cases.total(cases.uses, ({ use, cases: weights }) => {
    const flat = (id: number): number => x.reshape(id, [sizeOf(x.shapeOf(id))]);
    return x.builder.add('ScatterAdd', [flat(weights), flat(use.inputs[0])], { axis: 0, size: layer.inputs });
  });
}

/** An example's gradients added with its positions' shares: [B T_u, n] -> [B, n]. */
function meanPositions(cases: LayerCases, g: number, use: Case): number {
  const { x } = cases;
  if (typeof use.share === 'number') return x.scale(cases.sumPositions(g, use), use.share);
  return cases.sumPositions(x.mul(g, use.share.id), use);
}

/** sum over rows of row row^T. */
export function outer(x: Expressions, rows: number): number {
  return x.matMul(rows, rows, { transposeA: true });
}

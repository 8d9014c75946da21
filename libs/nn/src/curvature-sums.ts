/**
 * The curvature sums of a layer from its inputs a and output gradients g, over the examples n of a slot and their T positions s, rows
 * weighted. With a- = [a; 1] (without a bias a- = a), so that C = (sum A / N) (x) (sum S / N) for N examples in all:
 *   dense, conv   expand  A = sum_n sum_s a-_ns a-_ns^T,            S = sum_n 1/T sum_s g_ns g_ns^T
 *                 reduce  A = sum_n (sum_s a-_ns)(sum_s a-_ns)^T,   S = sum_n (1/T sum_s g_ns)(1/T sum_s g_ns)^T
 *   embedding     A = sum_n sum_s e_ns [V], the diagonal: how often each id occurs; S as expand
 *   norm          U = sum_n [p^2; p q; q^2] [3, C] for each channel, p = sum_s g_ns a_ns, q = sum_s g_ns the gradients of gain and
 *                 bias of an example; without a bias U = sum_n p^2 [1, C]. Exact within a channel, nothing between channels.
 * T = 1 makes both forms one. Positions that a mask excludes weigh nothing, and T counts the others of each example.
 * A convolution's a are its patches. The moments of batch norms count as constants.
 * Source: Martens and Grosse 2015; Grosse and Martens 2016; Eschenhagen et al. 2023 (expand and reduce).
 */
import { Expressions } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import type { CapturedLayer, LayerUse } from './capture/captured-layer.ts';
import { ModelError } from './errors.ts';
import { positionWeights, type PositionWeights } from './position-weights.ts';
import type { StepGraph } from './step-graph.ts';

/** A layer with the cotangents at its uses, in their order; `mask` [B, T] excludes positions. */
export interface LayerCotangents {
  readonly layer: CapturedLayer;
  readonly cotangents: readonly number[];
  readonly mask?: number | undefined;
}

/** The cases of one use: its gradients as rows g [B T_u, O], and what they weigh. */
interface Cases extends PositionWeights {
  readonly use: LayerUse;
  readonly g: number;
}

/** Adds the sums of a layer to a step: `A/<name>` and `S/<name>`, or `U/<name>`. @throws {ModelError} naming the layer */
export function curvatureSums(step: StepGraph, { layer, cotangents, mask }: LayerCotangents): void {
  const x = new Expressions(step.builder);
  const weights = positionWeights(x, layer, { weight: step.bindings.weight, mask });
  const cases = layer.uses.map((use, i): Cases => ({ ...weights[i], use, g: rowsOf(x, cotangents[i], layer.outputs) }));
  switch (layer.kind) {
    case 'dense':
    case 'conv':
      step.sum(`A/${layer.name}`, inputFactor(x, layer, cases), { symmetric: true });
      step.sum(`S/${layer.name}`, outputFactor(x, layer, cases), { symmetric: true });
      break;
    case 'embedding':
      if (layer.sharing === 'reduce')
        throw new ModelError(layer.name, 'sharing expand for an embedding, whose A is then diagonal', 'reduce');
      step.sum(`A/${layer.name}`, counts(x, layer, cases));
      step.sum(`S/${layer.name}`, outputFactor(x, layer, cases), { symmetric: true });
      break;
    case 'norm':
      step.sum(`U/${layer.name}`, unitFactor(x, layer, cases));
      break;
  }
}

function inputFactor(x: Expressions, layer: CapturedLayer, all: readonly Cases[]): number {
  const homogeneous = all.map(({ use, cases }) => {
    const rows = x.mul(inputRows(x, layer, use), cases);
    return layer.bias ? x.concat([rows, cases], 1) : rows;
  });
  if (layer.sharing !== 'reduce') return total(x, homogeneous, (rows) => outer(x, rows));
  return outer(
    x,
    total(x, homogeneous, (rows, i) => sumPositions(x, rows, all[i].positions)),
  );
}

function outputFactor(x: Expressions, layer: CapturedLayer, all: readonly Cases[]): number {
  if (layer.sharing === 'reduce')
    return outer(
      x,
      total(x, all, ({ g, share, positions }) => meanPositions(x, g, { share, positions })),
    );
  return total(x, all, ({ g, share }) => {
    if (typeof share === 'number') return x.scale(outer(x, g), share);
    return outer(x, x.mul(g, x.unary('Sqrt', share.id)));
  });
}

/** How often each id occurs: [V]. */
function counts(x: Expressions, { inputs }: CapturedLayer, all: readonly Cases[]): number {
  return total(x, all, ({ use, cases }) => {
    const flat = (id: number): number => x.reshape(id, [sizeOf(x.shapeOf(id))]);
    return x.builder.add('ScatterAdd', [flat(cases), flat(use.inputs[0])], { axis: 0, size: inputs });
  });
}

function unitFactor(x: Expressions, { outputs, bias }: CapturedLayer, all: readonly Cases[]): number {
  const normalised = (use: LayerUse): number => rowsOf(x, product(x, use.inputs), outputs);
  const p = total(x, all, ({ use, g, cases, positions }) => sumPositions(x, x.mul(x.mul(g, normalised(use)), cases), positions));
  const second = (a: number, b: number): number => x.sum(x.mul(a, b), [0], { keepDims: true });
  if (!bias) return second(p, p);
  const q = total(x, all, ({ g, cases, positions }) => sumPositions(x, x.mul(g, cases), positions));
  return x.concat([second(p, p), second(p, q), second(q, q)], 0);
}

/** The inputs of a use as rows: [B T_u, I]. */
function inputRows(x: Expressions, { kind, inputs }: CapturedLayer, use: LayerUse): number {
  const [input] = use.inputs;
  const a = kind === 'conv' ? x.builder.add('Patches', [input], use.window) : input;
  return rowsOf(x, a, inputs);
}

function rowsOf(x: Expressions, id: number, width: number): number {
  return x.reshape(id, [sizeOf(x.shapeOf(id)) / width, width]);
}

/** [B T_u, n] -> [B, n]. */
function sumPositions(x: Expressions, rows: number, positions: number): number {
  const [cases, width] = x.shapeOf(rows);
  return positions === 1 ? rows : x.sum(x.reshape(rows, [cases / positions, positions, width]), [1]);
}

/** An example's gradients added with its positions' shares: [B T_u, n] -> [B, n]. */
function meanPositions(x: Expressions, g: number, { share, positions }: Pick<PositionWeights, 'share' | 'positions'>): number {
  if (typeof share === 'number') return x.scale(sumPositions(x, g, positions), share);
  return sumPositions(x, x.mul(g, share.id), positions);
}

/** sum over rows of row row^T. */
function outer(x: Expressions, rows: number): number {
  return x.matMul(rows, rows, { transposeA: true });
}

function total<T>(x: Expressions, items: readonly T[], term: (item: T, i: number) => number): number {
  return items.map(term).reduce((sum, next) => x.add(sum, next));
}

function product(x: Expressions, factors: readonly number[]): number {
  return factors.reduce((so, next) => x.mul(so, next));
}

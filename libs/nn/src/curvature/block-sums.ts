/**
 * Exact sums over a layer's whole block of the curvature, from the gradient matrices of single examples D_nk = sum_s a-_ns g_nsk^T
 * [rows, O], k counting backpropagated vectors; rows = inputs (and one for the bias), vec is row-major:
 *   second moments   E = sum_n sum_k (Q_A^T D_nk Q_S)^2     [rows, O], entrywise; without bases the diagonal of the block
 *   dense block      F = sum_n sum_k vec(D_nk) vec(D_nk)^T  [rows O, rows O]
 * With one position E = ((a Q_A)^2)^T sum_k (g_k Q_S)^2 needs no matrix of an example. An embedding's rows are picked by ids:
 * E = sum_n sum_s e_ns (g_ns * h_ns), h_ns the sum of the example's gradients at the same id. A norm's D is [gain; bias].
 * Positions are never approximated, whatever the sharing of the Kronecker factors. Source: George et al. 2018, equation 8.
 */
import { sizeOf } from '@geodesic/tensor';
import { outer, unitGradients } from './kronecker-sums.ts';
import type { LayerCases, LayerVectors } from './layer-cases.ts';
import { requireBlockSize } from './limits.ts';

/** Orthogonal matrices whose columns are a basis: of the rows [rows, rows] (embeddings have none: their A is diagonal) and of the outputs [O, O]. */
export interface Bases {
  readonly inputs?: number;
  readonly outputs?: number;
}

/** E [rows, O] in a basis, default the unit vectors: then the diagonal of the block. */
export function secondMoments(cases: LayerCases, { vectors, factor }: LayerVectors, bases: Bases = {}): number {
  const { x, layer, uses } = cases;
  const rotate = (rows: number, basis: number | undefined): number => (basis === undefined ? rows : x.matMul(rows, basis));
  const gradients = vectors.map((vector) => cases.gradients(vector).map((g) => rotate(g, bases.outputs)));
  if (layer.kind === 'embedding') return x.scale(embeddingMoments(cases, gradients), factor);
  if (layer.kind !== 'norm' && layer.positions === 1) {
    const squares = cases.total(gradients, ([g]) => x.square(g));
    return x.scale(x.matMul(x.square(rotate(cases.inputs(uses[0]), bases.inputs)), squares, { transposeA: true }), factor);
  }
  const inputs = layer.kind === 'norm' ? [] : uses.map((use) => rotate(cases.inputs(use), bases.inputs));
  const sum = cases.total(vectors, (vector, k) => {
    const matrices = layer.kind === 'norm' ? unitMatrices(cases, vector) : matricesOf(cases, inputs, gradients[k]);
    return x.sum(x.square(matrices), [0]);
  });
  return x.scale(sum, factor);
}

/** F [rows O, rows O]. @throws {ModelError} naming a layer that is too large for it */
export function denseBlock(cases: LayerCases, { vectors, factor }: LayerVectors): number {
  const { x, layer } = cases;
  const size = cases.rows * layer.outputs;
  requireBlockSize(layer.name, size);
  const inputs = layer.kind === 'norm' ? [] : uses(cases);
  const sum = cases.total(vectors, (vector) => {
    const matrices = layer.kind === 'norm' ? unitMatrices(cases, vector) : matricesOf(cases, inputs, cases.gradients(vector));
    return outer(x, x.reshape(matrices, [x.shapeOf(matrices)[0], size]));
  });
  return x.scale(sum, factor);
}

/** Rows of the inputs by use; an embedding's are unit vectors. */
function uses(cases: LayerCases): number[] {
  const { x, layer } = cases;
  return cases.uses.map((use) => {
    if (layer.kind !== 'embedding') return cases.inputs(use);
    const ids = use.use.inputs[0];
    const unit = x.builder.add('OneHot', [x.reshape(ids, [sizeOf(x.shapeOf(ids))])], { depth: layer.inputs });
    return x.mul(unit, use.cases);
  });
}

/** D_n of every example [B, rows, O] from the rows of inputs and of gradients by use. */
function matricesOf(cases: LayerCases, inputs: readonly number[], gradients: readonly number[]): number {
  return cases.total(cases.uses, (use, i) =>
    cases.x.matMul(cases.byExample(inputs[i], use), cases.byExample(gradients[i], use), { transposeA: true }),
  );
}

/** The same of a norm: [B, 1 or 2, C]. */
function unitMatrices(cases: LayerCases, vector: readonly number[]): number {
  const { x, layer } = cases;
  const parts = unitGradients(cases, vector).slice(0, cases.rows);
  const rows = parts.map((part) => x.reshape(part, [x.shapeOf(part)[0], 1, layer.outputs]));
  return rows.length === 1 ? rows[0] : x.concat(rows, 1);
}

function embeddingMoments(cases: LayerCases, gradients: readonly (readonly number[])[]): number {
  const { x, layer } = cases;
  const join = (parts: readonly number[]): number => (parts.length === 1 ? parts[0] : x.concat(parts, 1));
  const batch = (id: number, positions: number): number => x.reshape(id, [sizeOf(x.shapeOf(id)) / positions, positions]);
  const ids = join(cases.uses.map(({ use, positions }) => batch(use.inputs[0], positions)));
  const [rows, positions] = x.shapeOf(ids);
  const pairs = x.binary('Equal', x.reshape(ids, [rows, positions, 1]), x.reshape(ids, [rows, 1, positions]));
  const same = x.cast(pairs, 'float32');
  const products = cases.total(gradients, (vector) => {
    const g = join(vector.map((rowsOf, i) => cases.byExample(x.mul(rowsOf, cases.uses[i].cases), cases.uses[i])));
    return x.mul(g, x.matMul(same, g));
  });
  const flatIds = x.reshape(ids, [rows * positions]);
  return x.builder.add('ScatterAdd', [cases.flat(products, layer.outputs), flatIds], { axis: 0, size: layer.inputs });
}

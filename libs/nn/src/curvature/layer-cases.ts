/**
 * The cases of a layer: what enters it and what is backpropagated to it, one row for every position of every example, uses one after
 * the other. B examples of a slot, T positions of an example in all uses together, T_u in one use, I inputs, O outputs.
 * Convolutions are dense layers on their patches. Rows of padding and of masked positions weigh nothing.
 */
import type { Expressions } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import type { CapturedLayer, LayerUse } from '../capture/captured-layer.ts';
import { positionWeights, type PositionWeights } from '../position-weights.ts';

/** Vectors that are backpropagated to a layer. */
export interface LayerVectors {
  /** Vector k -> ids of its cotangents at the layer's uses, in their order. */
  readonly vectors: readonly (readonly number[])[];
  /** Sums over the vectors are multiplied by it: 1 / M for M drawn targets, else 1. */
  readonly factor: number;
}

/** One use of a layer. */
export interface Case extends PositionWeights {
  readonly use: LayerUse;
}

/** The rows of one layer. */
export class LayerCases {
  readonly x: Expressions;
  readonly layer: CapturedLayer;
  readonly uses: readonly Case[];

  /**
   * @param options.weight weights of the examples [B]
   * @param options.mask [B, T] 1 at positions that count
   * @throws {ModelError} when the mask is not [B, T]
   */
  constructor(x: Expressions, layer: CapturedLayer, options: { readonly weight: number; readonly mask?: number | undefined }) {
    const weights = positionWeights(x, layer, options);
    this.x = x;
    this.layer = layer;
    this.uses = layer.uses.map((use, i) => ({ ...weights[i], use }));
  }

  /** Rows of the layer's matrix in theta: inputs, and one for the bias. */
  get rows(): number {
    return this.layer.inputs + (this.layer.bias ? 1 : 0);
  }

  /** Weighted homogeneous inputs of a use: [B T_u, I + 1], or [B T_u, I] without a bias. */
  inputs({ use, cases }: Case): number {
    const { x, layer } = this;
    const a = layer.kind === 'conv' ? x.builder.add('Patches', [use.inputs[0]], use.window) : use.inputs[0];
    const rows = x.mul(this.flat(a, layer.inputs), cases);
    return layer.bias ? x.concat([rows, cases], 1) : rows;
  }

  /** A norm's normalised values: [B T_u, O]. */
  normalised({ use }: Case): number {
    return this.flat(
      use.inputs.reduce((so, next) => this.x.mul(so, next)),
      this.layer.outputs,
    );
  }

  /** Cotangents of a vector at its uses as rows: [B T_u, O] each. */
  gradients(vector: readonly number[]): number[] {
    return vector.map((id) => this.flat(id, this.layer.outputs));
  }

  /** A value as rows of some width. */
  flat(id: number, width: number): number {
    return this.x.reshape(id, [sizeOf(this.x.shapeOf(id)) / width, width]);
  }

  /** [B T_u, n] -> [B, T_u, n]. */
  byExample(rows: number, { positions }: Pick<Case, 'positions'>): number {
    const [cases, width] = this.x.shapeOf(rows);
    return this.x.reshape(rows, [cases / positions, positions, width]);
  }

  /** [B T_u, n] -> [B, n]: positions added up. */
  sumPositions(rows: number, use: Pick<Case, 'positions'>): number {
    return use.positions === 1 ? rows : this.x.sum(this.byExample(rows, use), [1]);
  }

  /** Adds up a term of each item, in order. */
  total<T>(items: readonly T[], term: (item: T, i: number) => number): number {
    return items.map(term).reduce((sum, next) => this.x.add(sum, next));
  }
}

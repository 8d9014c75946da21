/**
 * The per-example gradients of dense layers as an operator G [N, n] that is never formed: the gradient of example i in the matrix of layer l
 * is the outer product a_li g_li', so that with the gathered inputs A_l [N, rows] and output gradients S_l [N, columns]
 *   G G'  = sum_l (A_l A_l') o (S_l S_l')        [N, N]
 *   G v   = sum_l ((A_l V_l) o S_l) 1            [N]
 *   G' w  = A_l' diag(w) S_l for each layer      [n], a backward pass with weights on the examples
 * All in float64. Rows of padding are zeros, and drop out of each of them. Holds without shared positions only.
 */
import { defaultLinalg, type Linalg } from '@geodesic/linalg';
import type { PlacedLayer } from '../curvature/placed-layer.ts';
import { MissingStatisticsError } from '../errors.ts';

/** What G is made of. */
export interface ExampleRowsOptions {
  /** In the order of the group's vectors. */
  readonly layers: readonly Pick<PlacedLayer, 'name' | 'rows' | 'columns'>[];
  /** `s`: gradients at sampled targets; `g`: at the true ones. */
  readonly gradients: 's' | 'g';
  /** Tables `rows:a/<layer>` and `rows:<gradients>/<layer>`, [N, width] row-major. */
  readonly tables: ReadonlyMap<string, ArrayLike<number>>;
  readonly step: number;
  readonly linalg?: Linalg | undefined;
}

interface LayerRows {
  readonly rows: number;
  readonly columns: number;
  readonly inputs: Float64Array;
  readonly gradients: Float64Array;
}

/** G of one batch; N^2 numbers are made by `gram` only. */
export class ExampleRows {
  /** N, padding included. */
  readonly examples: number;
  /** n */
  readonly size: number;
  readonly #layers: readonly LayerRows[];
  readonly #linalg: Linalg;

  /** @throws {MissingStatisticsError} naming the layer whose rows are missing */
  constructor({ layers, gradients, tables, step, linalg = defaultLinalg() }: ExampleRowsOptions) {
    const tableOf = (layer: string, kind: 'a' | 's' | 'g'): Float64Array => {
      const key = `rows:${kind}/${layer}`;
      const table = tables.get(key);
      if (table === undefined) throw new MissingStatisticsError(layer, key, step);
      return Float64Array.from(table);
    };
    this.#layers = layers.map(({ name, rows, columns }) => ({
      rows,
      columns,
      inputs: tableOf(name, 'a'),
      gradients: tableOf(name, gradients),
    }));
    this.#linalg = linalg;
    this.examples = this.#layers[0].inputs.length / this.#layers[0].rows;
    this.size = layers.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  }

  /** G G' [N, N]. O(N^2 (rows + columns)) for each layer, three matrices of N^2 at a time. */
  gram(): Float64Array {
    const n = this.examples;
    const gram = new Float64Array(n * n);
    for (const { rows, columns, inputs, gradients } of this.#layers) {
      const inputProducts = this.#linalg.matmul(inputs, inputs, { m: n, k: rows, n, transposeB: true });
      const gradientProducts = this.#linalg.matmul(gradients, gradients, { m: n, k: columns, n, transposeB: true });
      for (let i = 0; i < gram.length; i++) gram[i] += inputProducts[i] * gradientProducts[i];
    }
    return gram;
  }

  /** G v [N]: the inner product of every example's gradient with v [n]. */
  times(v: Float64Array): Float64Array {
    const out = new Float64Array(this.examples);
    let start = 0;
    for (const { rows, columns, inputs, gradients } of this.#layers) {
      const matrix = v.subarray(start, start + rows * columns);
      const image = this.#linalg.matmul(inputs, matrix, { m: this.examples, k: rows, n: columns });
      for (let i = 0; i < this.examples; i++) {
        let sum = 0;
        for (let j = i * columns; j < (i + 1) * columns; j++) sum += image[j] * gradients[j];
        out[i] += sum;
      }
      start += rows * columns;
    }
    return out;
  }

  /** G' w [n]: the sum of all examples' gradients, weighted by w [N]. */
  weighted(w: Float64Array): Float64Array {
    const out = new Float64Array(this.size);
    let start = 0;
    for (const { rows, columns, inputs, gradients } of this.#layers) {
      const scaled = gradients.slice();
      for (let i = 0; i < this.examples; i++) for (let j = i * columns; j < (i + 1) * columns; j++) scaled[j] *= w[i];
      out.set(this.#linalg.matmul(inputs, scaled, { m: rows, k: this.examples, n: columns, transposeA: true }), start);
      start += rows * columns;
    }
    return out;
  }
}

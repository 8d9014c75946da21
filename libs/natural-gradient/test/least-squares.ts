/**
 * Linear least squares as rounds see it: one dense layer, 3 inputs and a bias to 2 outputs, 1/2 |f - y|^2. Its Gauss-Newton matrix is
 * A (x) I exactly, its Hessian the same, so every identity of the quadratic search has a dense counterpart. Sums are float64.
 */
import { makeLayout, type Layout } from '@geodesic/tensor';
import type {
  FloatArray,
  GroupConfig,
  KfacConfig,
  LayerRegistration,
  QuadraticSearch,
  RoundRequest,
  RoundTotals,
} from '@geodesic/natural-gradient';
import { totalsOf } from './drive.ts';
import { constant, numbers } from './fixtures.ts';

export const layout: Layout = makeLayout([
  { name: 'w', shape: [3, 2] },
  { name: 'b', shape: [2] },
]);

export const layers: readonly LayerRegistration[] = [{ name: 'l', inputs: 3, outputs: 2, bias: true, offset: 0 }];

/** One group over everything; its inverses are formed at every step. */
export const exactKfac: KfacConfig = {
  method: 'kfac',
  layers: ['l'],
  learningRate: constant(1),
  momentum: 0,
  klClip: null,
  damping: 1,
  weightDecay: 0,
  factorDecay: 0,
  statisticsEvery: 1,
  inverseEvery: 1,
  dampingRule: 'eigenbasis',
};

export const everything = (config: KfacConfig): readonly GroupConfig[] => [{ name: 'all', parameters: ['w', 'b'], ...config }];

export const search: QuadraticSearch = {
  rule: 'quadratic',
  damping: 0.1,
  calibrate: false,
  adaptEvery: 5,
  adaptFactor: 0.95,
  minDamping: 1e-8,
  maxDamping: 1e6,
  momentum: 'adaptive',
  reject: false,
  rejectFactor: 4,
  maxRejections: 5,
};

/** What the workers of a run hold. */
export interface Held {
  readonly parameters: FloatArray;
  readonly previous: FloatArray;
}

/** A problem of `count` examples; `scale` multiplies the loss, `features` each input. */
export class LeastSquares {
  readonly count = 32;
  readonly #rows: readonly Float64Array[];
  readonly #targets: readonly Float64Array[];
  readonly #scale: number;

  constructor({ scale = 1, features = [1, 0.3, 0.1] }: { readonly scale?: number; readonly features?: readonly number[] } = {}) {
    this.#scale = scale;
    this.#rows = Array.from({ length: this.count }, (_, n) =>
      Float64Array.of(...numbers(n + 1, 3).map((value, i) => value * features[i]), 1),
    );
    this.#targets = Array.from({ length: this.count }, (_, n) => numbers(1000 + n, 2));
  }

  /** Sum over the examples of scale/2 |f - y|^2. */
  objective(theta: FloatArray): number {
    return this.#errors(theta).reduce((sum, error) => sum + 0.5 * this.#scale * (error[0] ** 2 + error[1] ** 2), 0);
  }

  /** Sum of the examples' gradients, [8]. */
  gradient(theta: FloatArray): Float64Array {
    const errors = this.#errors(theta);
    return Float64Array.from({ length: 8 }, (_, e) =>
      this.#rows.reduce((sum, row, n) => sum + this.#scale * row[e >> 1] * errors[n][e & 1], 0),
    );
  }

  /** Sum over the examples of <a, F_n b>. */
  product(a: FloatArray, b: FloatArray): number {
    const zero = this.#rows.map(() => Float64Array.of(0, 0));
    const [fa, fb] = [this.#outputs(a, zero), this.#outputs(b, zero)];
    return fa.reduce((sum, f, n) => sum + this.#scale * (f[0] * fb[n][0] + f[1] * fb[n][1]), 0);
  }

  /** The totals of a request of the quadratic search, or of one for gradient and statistics. */
  totals({ program, vectors, move }: RoundRequest, { parameters, previous }: Held): RoundTotals {
    switch (program) {
      case 'quad': {
        const { direction } = vectors!;
        const [DD, DM, MM] = [this.product(direction, direction), this.product(direction, previous), this.product(previous, previous)];
        return totalsOf(this.count, {}, { DD, DM, MM });
      }
      case 'trial': {
        const { direction, alpha, mu } = move!;
        const moved = Float64Array.from(parameters, (value, i) => value + alpha * direction[i] + mu * previous[i]);
        return totalsOf(this.count, {}, { objective: this.objective(moved), sound: this.count });
      }
      case 'probe':
        return totalsOf(this.count, {}, { 'probe/l': this.product(vectors!['direction'], vectors!['direction']) });
      default:
        return totalsOf(this.count, this.#sums(parameters), { objective: this.objective(parameters), loss: this.objective(parameters) });
    }
  }

  #sums(parameters: FloatArray): Record<string, Float64Array> {
    const A = Float64Array.from({ length: 16 }, (_, e) => this.#rows.reduce((sum, row) => sum + row[e >> 2] * row[e & 3], 0));
    const S = Float64Array.of(1, 0, 0, 1).map((value) => value * this.#scale * this.count);
    return { gradient: this.gradient(parameters), 'A/l': A, 'S/l': S };
  }

  #errors(theta: FloatArray): Float64Array[] {
    return this.#outputs(theta, this.#targets);
  }

  /** f - y */
  #outputs(theta: FloatArray, targets: readonly Float64Array[]): Float64Array[] {
    return this.#rows.map((row, n) =>
      Float64Array.from({ length: 2 }, (_, o) => row.reduce((sum, x, i) => sum + x * theta[2 * i + o], -targets[n][o])),
    );
  }
}

/**
 * SOAP (Vyas et al. 2024, "SOAP: Improving and stabilizing Shampoo using Adam", algorithm 3, in the order of the authors' soap.py).
 * G [m, n] gradient, L [m, m] and R [n, n] decayed sums of G G' and G' G, Q_L and Q_R their eigenbases (columns, by descending eigenvalue):
 *   step 1   only L, R, Q_L, Q_R are made: nothing moves, so that no gradient is seen in a basis made from itself;
 *   step t   G~ = Q_L' G Q_R; m, v Adam's moments of G~; direction Q_L (m / (sqrt(v) + epsilon)) Q_R'; then L, R take up G;
 *   every f  Q <- qr(L Q), one power iteration from the old basis, its vectors first put in the order of diag(Q' L Q), descending, and v
 *            with them; m is carried over exactly, by rotating it out of the old basis and into the new one.
 * m and v are debiased as Adam's are (adam.ts). A sign of a basis vector changes nothing. Weights of rank > 2 are matrices (matrix.ts);
 * soap.py has a basis for every axis.
 */
import { addDiagonal, type Linalg } from '@geodesic/linalg';
import type { SoapConfig } from '../config.ts';
import { nextMean, nextWeight } from '../moving-average.ts';
import { scalar, type StateTree } from '../state.ts';
import { MatrixGroup, type MatrixInput, type MatrixMethod, type PeerOptions } from './matrix-group.ts';
import { gramOf, lengthOfSide, type MatrixPlace, rotateInto, rotateOut, type Side, type Sides } from './matrix.ts';

/** Sides above this keep the basis that they came in: the published limit. */
const defaultMaxDimension = 10_000;

/** A group that follows SOAP; vectors go by Adam with the same decays. Limitations: a side of length n costs 2 n^2 numbers and O(n^3) a refresh. */
export class SoapGroup extends MatrixGroup {
  constructor(name: string, config: SoapConfig, options: PeerOptions) {
    const { learningRate, weightDecay, beta1, beta2, epsilon } = config;
    const vectors = { method: 'adam', learningRate, weightDecay, beta1, beta2, epsilon } as const;
    super(name, { matrices: new Soap(config), vectors, learningRate, weightDecay, preparingSteps: 1 }, options);
  }
}

/** State of a matrix: `first`, `second` [m n], their weights, and for each rotated side `left/sum`, `left/basis`. */
class Soap implements MatrixMethod {
  readonly #config: SoapConfig;

  constructor(config: SoapConfig) {
    this.#config = config;
  }

  initialState(place: MatrixPlace): StateTree {
    const sides = this.#sides(place).flatMap((side) => {
      const n = lengthOfSide(place, side);
      return [`${side}/sum`, `${side}/basis`].map((key) => [key, new Float64Array(n * n)] as const);
    });
    const moments = { first: new Float64Array(place.size), second: new Float64Array(place.size) };
    return { ...moments, firstWeight: scalar(0), secondWeight: scalar(0), ...Object.fromEntries(sides) };
  }

  step(state: StateTree, input: MatrixInput): { direction: Float64Array; state: StateTree } {
    const { gradient, place, taken, linalg } = input;
    const sums = this.#absorb(state, input);
    if (taken === 0) {
      const bases = this.#sides(place).map((side): [string, Float64Array] => {
        return [`${side}/basis`, descendingEigenbasis(linalg, sums[`${side}/sum`], lengthOfSide(place, side))];
      });
      return { direction: state['first'], state: { ...state, ...sums, ...Object.fromEntries(bases) } };
    }
    const { beta1, beta2, epsilon, refreshEvery } = this.#config;
    const bases = basesOf(state);
    const rotated = rotateInto(linalg, bases, gradient, place);
    const firstWeight = nextWeight(state['firstWeight'][0], beta1);
    const secondWeight = nextWeight(state['secondWeight'][0], beta2);
    const first = nextMean(state['first'], rotated, firstWeight);
    const second = nextMean(state['second'], squares(rotated), secondWeight);
    const scaled = new Float64Array(place.size);
    for (let i = 0; i < scaled.length; i++) scaled[i] = first[i] / (Math.sqrt(second[i]) + epsilon);
    const next = { ...state, ...sums, first, second, firstWeight: scalar(firstWeight), secondWeight: scalar(secondWeight) };
    return {
      direction: rotateOut(linalg, bases, scaled, place),
      state: taken % refreshEvery === 0 ? this.#refresh(next, input) : next,
    };
  }

  #sides(place: MatrixPlace): Side[] {
    const limit = this.#config.maxDimension ?? defaultMaxDimension;
    return (['left', 'right'] as const).filter((side) => lengthOfSide(place, side) <= limit);
  }

  #absorb(state: StateTree, { gradient, place, linalg }: MatrixInput): StateTree {
    const { shampooBeta } = this.#config;
    const sums = this.#sides(place).map((side): [string, Float64Array] => {
      const sum = gramOf(linalg, gradient, place, side);
      const before = state[`${side}/sum`];
      for (let i = 0; i < sum.length; i++) sum[i] = shampooBeta * before[i] + (1 - shampooBeta) * sum[i];
      return [`${side}/sum`, sum];
    });
    return Object.fromEntries(sums);
  }

  #refresh(state: StateTree, { place, linalg }: MatrixInput): StateTree {
    const unrotated = rotateOut(linalg, basesOf(state), state['first'], place);
    let second = state['second'];
    const bases = this.#sides(place).map((side): [Side, Float64Array] => {
      const n = lengthOfSide(place, side);
      const { basis, order } = powerIteration(linalg, state[`${side}/sum`], state[`${side}/basis`], n);
      second = side === 'left' ? permuteRows(second, order, place) : permuteColumns(second, order, place);
      return [side, basis];
    });
    const first = rotateInto(linalg, Object.fromEntries(bases), unrotated, place);
    return { ...state, first, second, ...Object.fromEntries(bases.map(([side, basis]) => [`${side}/basis`, basis])) };
  }
}

function basesOf(state: StateTree): Sides {
  return {
    ...('left/basis' in state && { left: state['left/basis'] }),
    ...('right/basis' in state && { right: state['right/basis'] }),
  };
}

/** 1e-30, as published, makes zeros a multiple of the identity. */
function descendingEigenbasis(linalg: Linalg, sum: Float64Array, n: number): Float64Array {
  const { vectors } = linalg.symmetricEigen(addDiagonal(sum, n, 1e-30), n);
  return permuteColumns(
    vectors,
    Int32Array.from({ length: n }, (_, i) => n - 1 - i),
    { rows: n, columns: n },
  );
}

/** qr(P Q) with the columns of Q in descending order of the Rayleigh quotients q' P q; `order[i]` is the old place of column i. */
function powerIteration(linalg: Linalg, sum: Float64Array, basis: Float64Array, n: number): { basis: Float64Array; order: Int32Array } {
  const product = linalg.matmul(sum, basis, { m: n, k: n, n });
  const quotients = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) quotients[j] += basis[i * n + j] * product[i * n + j];
  const order = Int32Array.from(quotients.keys()).sort((a, b) => quotients[b] - quotients[a] || a - b);
  return { basis: linalg.qr(permuteColumns(product, order, { rows: n, columns: n }), n, n).q, order };
}

function squares(x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = x[i] * x[i];
  return out;
}

type Size = Pick<MatrixPlace, 'rows' | 'columns'>;

function permuteRows(x: Float64Array, order: Int32Array, { rows, columns }: Size): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[i * columns + j] = x[order[i] * columns + j];
  return out;
}

function permuteColumns(x: Float64Array, order: Int32Array, { rows, columns }: Size): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[i * columns + j] = x[i * columns + order[j]];
  return out;
}

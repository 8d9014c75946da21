/**
 * Shampoo of order 2 (Gupta et al. 2018, algorithm 1) with grafting (Anil et al. 2020; Shi et al. 2023, "A distributed data-parallel PyTorch
 * implementation of Shampoo"). G [m, n] gradient, M debiased average of gradients with decay `momentum`:
 *   L, R       debiased averages of G G' [m, m] and G' G [n, n]; plain sums with beta2 = 1
 *   P_L, P_R   (L + epsilon I)^(-1/4), (R + epsilon I)^(-1/4) by eigendecomposition, made at step `startStep` and every `refreshEvery` after
 *   direction  P_L M P_R, scaled to the length of the grafted method's: M / (sqrt(v) + 1e-8) of Adam, or M of SGD
 * Before `startStep`, and where there is no root, the grafted direction itself. The exponent stays -1/4 where the other side is too long to be preconditioned, as in
 * Shi et al. One step with momentum 0, epsilon -> 0 and no graft gives U V' of the gradient's singular value decomposition.
 */
import { ConvergenceError, type Linalg, NotFiniteError } from '@geodesic/linalg';
import type { ShampooConfig } from '../config.ts';
import { nextMean, nextWeight } from '../moving-average.ts';
import { scalar, type StateTree } from '../state.ts';
import { squaredNorm } from '../vector.ts';
import { MatrixGroup, type MatrixInput, type MatrixMethod, type PeerOptions } from './matrix-group.ts';
import { gramOf, lengthOfSide, type MatrixPlace, rotateOut, type Side, type Sides } from './matrix.ts';

/** Adam's, which the grafted method and the vectors are. */
const adamEpsilon = 1e-8;

/**
 * A group that follows Shampoo; vectors go by Adam with decays `momentum` and `beta2`. Reports `kept`: roots that stayed what they were
 * because a matrix could not be decomposed. Limitations: sides are not blocked; those above `maxDimension` have no preconditioner.
 */
export class ShampooGroup extends MatrixGroup {
  constructor(name: string, config: ShampooConfig, options: PeerOptions) {
    const { learningRate, weightDecay, momentum: beta1, beta2 } = config;
    const vectors = { method: 'adam', learningRate, weightDecay, beta1, beta2, epsilon: adamEpsilon } as const;
    super(name, { matrices: new Shampoo(config), vectors, learningRate, weightDecay }, options);
  }
}

/**
 * State of a matrix: `first` [m n] and `firstWeight`; with graft adam `second` and `secondWeight`; `weight` of the sums; for each
 * preconditioned side `left/sum`, `left/root`; `kept`.
 */
class Shampoo implements MatrixMethod {
  readonly #config: ShampooConfig;

  constructor(config: ShampooConfig) {
    this.#config = config;
  }

  initialState(place: MatrixPlace): StateTree {
    const sides = this.#sides(place).flatMap((side) => {
      const n = lengthOfSide(place, side);
      return [`${side}/sum`, `${side}/root`].map((key) => [key, new Float64Array(n * n)] as const);
    });
    const second = this.#config.graft === 'adam' ? { second: new Float64Array(place.size), secondWeight: scalar(0) } : {};
    const first = { first: new Float64Array(place.size), firstWeight: scalar(0) };
    return { ...first, ...second, weight: scalar(0), kept: scalar(0), ...Object.fromEntries(sides) };
  }

  step(state: StateTree, input: MatrixInput): { direction: Float64Array; state: StateTree } {
    const { gradient, place, taken, linalg } = input;
    const { momentum, graft, startStep, refreshEvery } = this.#config;
    const firstWeight = nextWeight(state['firstWeight'][0], momentum);
    const first = nextMean(state['first'], gradient, firstWeight);
    const grafted = { ...state, first, firstWeight: scalar(firstWeight), ...this.#absorbSquares(state, gradient) };
    const absorbed = this.#absorb(grafted, input);
    const start = Math.max(1, startStep) - 1;
    const due = taken >= start && (taken - start) % refreshEvery === 0;
    const next = due ? this.#refresh(absorbed, input) : absorbed;
    const own = graft === 'adam' ? adamDirection(first, next['second']) : first;
    const roots = rootsOf(next);
    if (taken < start || !(roots.left ?? roots.right)) return { direction: own, state: next };
    const preconditioned = rotateOut(linalg, roots, first, place);
    return { direction: graft === 'none' ? preconditioned : ofLength(preconditioned, own), state: next };
  }

  #sides(place: MatrixPlace): Side[] {
    return (['left', 'right'] as const).filter((side) => lengthOfSide(place, side) <= this.#config.maxDimension);
  }

  /** v of the grafted Adam; with beta2 = 1 the mean over all steps. */
  #absorbSquares(state: StateTree, gradient: Float64Array): StateTree {
    if (this.#config.graft !== 'adam') return {};
    const secondWeight = nextWeight(state['secondWeight'][0], this.#config.beta2);
    const squares = new Float64Array(gradient.length);
    for (let i = 0; i < squares.length; i++) squares[i] = gradient[i] * gradient[i];
    return { second: nextMean(state['second'], squares, secondWeight), secondWeight: scalar(secondWeight) };
  }

  /** L and R with this gradient; as they were where that would not be finite. */
  #absorb(state: StateTree, { gradient, place, linalg }: MatrixInput): StateTree {
    const { beta2 } = this.#config;
    const weight = nextWeight(state['weight'][0], beta2);
    const [keep, take] = beta2 === 1 ? [1, 1] : [1 - 1 / weight, 1 / weight];
    const sums = this.#sides(place).map((side): [string, Float64Array] => {
      const sum = gramOf(linalg, gradient, place, side);
      const before = state[`${side}/sum`];
      for (let i = 0; i < sum.length; i++) sum[i] = keep * before[i] + take * sum[i];
      return [`${side}/sum`, sum];
    });
    if (sums.some(([, sum]) => !Number.isFinite(squaredNorm(sum)))) return { ...state, kept: scalar(state['kept'][0] + sums.length) };
    return { ...state, weight: scalar(weight), ...Object.fromEntries(sums) };
  }

  #refresh(state: StateTree, { place, linalg }: MatrixInput): StateTree {
    let kept = state['kept'][0];
    const roots = this.#sides(place).map((side): [string, Float64Array] => {
      const root = inverseFourthRoot(linalg, state[`${side}/sum`], { n: lengthOfSide(place, side), epsilon: this.#config.epsilon });
      if (root) return [`${side}/root`, root];
      kept++;
      return [`${side}/root`, state[`${side}/root`]];
    });
    return { ...state, kept: scalar(kept), ...Object.fromEntries(roots) };
  }
}

/** Roots that have been made; until then a side is left alone. */
function rootsOf(state: StateTree): Sides {
  const [left, right] = [state['left/root'], state['right/root']];
  return { ...(left?.[0] && { left }), ...(right?.[0] && { right }) };
}

/**
 * (C + epsilon I)^(-1/4), eigenvalues below zero counting as zero; undefined where there is none.
 * Its diagonal is positive, which tells it from the zeros of a fresh state.
 */
function inverseFourthRoot(
  linalg: Linalg,
  matrix: Float64Array,
  { n, epsilon }: { readonly n: number; readonly epsilon: number },
): Float64Array | undefined {
  try {
    const { values, vectors } = linalg.symmetricEigen(matrix, n);
    const scaled = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) scaled[i * n + j] = vectors[i * n + j] * (Math.max(values[j], 0) + epsilon) ** -0.25;
    const root = linalg.matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
    return Number.isFinite(squaredNorm(root)) ? root : undefined;
  } catch (error) {
    if (error instanceof NotFiniteError || error instanceof ConvergenceError) return undefined;
    throw error;
  }
}

function adamDirection(first: Float64Array, second: Float64Array): Float64Array {
  const out = new Float64Array(first.length);
  for (let i = 0; i < out.length; i++) out[i] = first[i] / (Math.sqrt(second[i]) + adamEpsilon);
  return out;
}

/** x with the Euclidean length of y. */
function ofLength(x: Float64Array, y: Float64Array): Float64Array {
  const square = squaredNorm(x);
  if (square === 0) return x;
  const scale = Math.sqrt(squaredNorm(y) / square);
  const out = new Float64Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = scale * x[i];
  return out;
}

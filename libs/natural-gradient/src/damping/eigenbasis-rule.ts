/**
 * Exact Tikhonov damping with cached eigendecompositions (eigenbasis-damping.ts).
 * Keys: `QA`, `QS` (eigenvectors in columns), `valuesA`, `valuesS`, `damping`, `inverseStep` (0: none yet).
 * Drift is |Q^T F Q - diag(values)| / |F|, the larger of both factors': off-diagonal mass, where the basis has turned, and on the
 * diagonal what the cached eigenvalues have missed. As Q is orthonormal this is the change of F itself, without a copy of it.
 */
import { defaultLinalg, type Linalg } from '@geodesic/linalg';
import type { PlacedLayer } from '../curvature/placed-layer.ts';
import { scalar, type StateTree } from '../state.ts';
import type { DampingRule, PresentFactors, RuleRefresh } from './damping-rule.ts';
import { eigenOf, type KroneckerEigen, solveInEigenbasis } from './eigenbasis-damping.ts';
import { ratio } from './relative-change.ts';

/** The rule of one layer. */
export class EigenbasisRule implements DampingRule {
  readonly #layer: PlacedLayer;

  constructor(layer: PlacedLayer) {
    this.#layer = layer;
  }

  initialState(): StateTree {
    const { rows, columns } = this.#layer;
    return {
      QA: new Float64Array(rows * rows),
      QS: new Float64Array(columns * columns),
      valuesA: new Float64Array(rows),
      valuesS: new Float64Array(columns),
      damping: scalar(0),
      inverseStep: scalar(0),
    };
  }

  refresh(factors: PresentFactors, _state: StateTree, { step, damping, linalg }: RuleRefresh): StateTree {
    const { input, output, inputValues, outputValues } = eigenOf(factors, linalg);
    return { QA: input, QS: output, valuesA: inputValues, valuesS: outputValues, damping: scalar(damping), inverseStep: scalar(step) };
  }

  solve(state: StateTree, v: Float64Array, linalg?: Linalg): Float64Array {
    return solveInEigenbasis(this.#cached(state), v, { damping: state['damping'][0], linalg });
  }

  drift({ rows, columns, input, output }: PresentFactors, state: StateTree, linalg: Linalg = defaultLinalg()): number {
    const { QA, QS, valuesA, valuesS } = state;
    return Math.max(
      basisDrift({ matrix: input, vectors: QA, values: valuesA, n: rows, linalg }),
      basisDrift({ matrix: output, vectors: QS, values: valuesS, n: columns, linalg }),
    );
  }

  report(state: StateTree): ReturnType<DampingRule['report']> {
    const { inputValues: a, outputValues: s } = this.#cached(state);
    const damping = state['damping'][0];
    const condition = (a[a.length - 1] * s[s.length - 1] + damping) / (a[0] * s[0] + damping);
    return { conditionA: condition, fallbacks: 0, clamped: 0, kept: 0 };
  }

  #cached(state: StateTree): KroneckerEigen {
    const { rows, columns } = this.#layer;
    return { rows, columns, input: state['QA'], output: state['QS'], inputValues: state['valuesA'], outputValues: state['valuesS'] };
  }
}

/** A symmetric matrix and the basis in which it once was diagonal. */
export interface BasisDrift {
  readonly matrix: Float64Array;
  /** Q, columns. */
  readonly vectors: Float64Array;
  /** What counts as no drift on the diagonal; without them nothing on the diagonal is drift. */
  readonly values?: Float64Array;
  readonly n: number;
  readonly linalg: Linalg;
}

/** |Q^T F Q - diag(values)| / |F|, or the relative mass of Q^T F Q beside its diagonal. Two products [n, n]. */
export function basisDrift({ matrix, vectors, values, n, linalg }: BasisDrift): number {
  const rotated = linalg.matmul(linalg.matmul(vectors, matrix, { m: n, k: n, n, transposeA: true }), vectors, { m: n, k: n, n });
  let [beside, whole] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const entry = rotated[i * n + j];
      whole += entry * entry;
      const expected = i === j ? (values?.[i] ?? entry) : 0;
      beside += (entry - expected) * (entry - expected);
    }
  }
  return ratio(beside, whole);
}

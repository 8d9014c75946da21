/**
 * EK-FAC of one layer: C = (Q_A (x) Q_S) diag(s) (Q_A (x) Q_S)^T, with the eigenvectors of the Kronecker factors
 * as basis and in it the exact second moments s = E / count, E = sum_n (Q_A^T G_n Q_S)^2 entry by entry over examples' gradients G_n.
 * A refresh forms the basis and asks for a round `basis`, whose moments start the average of s anew; between refreshes every absorbed
 * batch adds a round to it. Workers get the basis in float32, and the same rounded numbers serve here: C is symmetric and positive
 * whatever they are, and by 1e-7 of orthogonality `solve` misses (C + lambda I)^-1.
 * An embedding's A is diagonal, so that its Q_A is the identity, of which nobody speaks: no key, no vector.
 * Keys: those of kronecker-statistics.ts; `QA`, `QS` (columns), `s` [rows, columns], `momentWeight`, `damping`, `inverseStep` (0: none
 * yet), `conditionA`, `conditionS` (of the factors, damped by pi's share), `moved`: the mass beside the diagonal of Q^T F Q.
 * Source: George et al. 2018.
 */
import { defaultLinalg, identity, type Linalg } from '@geodesic/linalg';
import { diagonalCondition } from '../damping/condition-number.ts';
import { eigenOf, fromBasis, intoBasis, type KroneckerBasis, type KroneckerEigen, nonNegative } from '../damping/eigenbasis-damping.ts';
import { basisDrift } from '../damping/eigenbasis-rule.ts';
import { splitByScales } from '../damping/factored-damping.ts';
import { MissingStatisticsError } from '../errors.ts';
import type { LayerReport } from '../layer-report.ts';
import { nextWeight } from '../moving-average.ts';
import type { FloatArray, Rounds } from '../rounds.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, CurvatureTools, RefreshOptions, StatisticsBatch } from './curvature.ts';
import { toDense } from './kronecker-factor.ts';
import type { KroneckerStatistics } from './kronecker-statistics.ts';
import { LayerVitals } from './layer-vitals.ts';
import type { PlacedLayer } from './placed-layer.ts';
import { absorbStatistic } from './statistic.ts';

/** What the curvature of a layer is made of. */
export interface EigenCurvatureOptions {
  readonly layer: PlacedLayer;
  readonly statistics: KroneckerStatistics;
  /** Of s, per absorbed batch, in [0, 1). */
  readonly decay: number;
  /** Measure how far the basis turns at every absorbed batch; else any batch counts as 1. */
  readonly tracksDrift: boolean;
  readonly tools: CurvatureTools;
}

/** The eigenvalue-corrected Kronecker product of one layer. */
export class EigenCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #options: EigenCurvatureOptions;
  readonly #linalg: Linalg;

  constructor(options: EigenCurvatureOptions) {
    super();
    this.size = options.layer.size;
    this.#options = options;
    this.#linalg = options.tools.linalg ?? defaultLinalg();
  }

  initialState(): StateTree {
    const { rows, columns } = this.#options.layer;
    return {
      ...this.#options.statistics.initialState(),
      ...(this.#hasInputBasis && { QA: new Float64Array(rows * rows) }),
      QS: new Float64Array(columns * columns),
      s: new Float64Array(rows * columns),
      momentWeight: scalar(0),
      damping: scalar(0),
      inverseStep: scalar(0),
      conditionA: scalar(0),
      conditionS: scalar(0),
      moved: scalar(0),
    };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const { statistics, tracksDrift } = this.#options;
    const next = { ...state, ...statistics.absorb(state, batch) };
    return { ...next, moved: scalar(tracksDrift && this.isReady(state) ? this.#drift(next) : 1) };
  }

  *refresh(state: StateTree, { step, damping }: RefreshOptions): Rounds<StateTree> {
    const { layer, statistics } = this.#options;
    if (!this.isKnown(state)) throw new MissingStatisticsError(layer.name, `A/${layer.name}`, step);
    const { input, output, inputValues, outputValues } = this.#decomposed(state);
    const { onInput, onOutput } = splitByScales(statistics.scales(state), damping);
    const refreshed = {
      ...state,
      ...(input && { QA: this.#rounded(input) }),
      QS: this.#rounded(output),
      momentWeight: scalar(0),
      damping: scalar(damping),
      inverseStep: scalar(step),
      conditionA: scalar(diagonalCondition(inputValues.map((value) => value + onInput))),
      conditionS: scalar(diagonalCondition(outputValues.map((value) => value + onOutput))),
      moved: scalar(0),
    };
    return yield* this.moments(refreshed, step);
  }

  *moments(state: StateTree, step: number): Rounds<StateTree> {
    const { layer, decay } = this.#options;
    const vectors = {
      ...(this.#hasInputBasis && { [`QA/${layer.name}`]: this.#sent(state['QA']) }),
      [`QS/${layer.name}`]: this.#sent(state['QS']),
    };
    const { count, sums } = yield { program: 'basis', vectors };
    const weight = nextWeight(state['momentWeight'][0], decay);
    const s = absorbStatistic({ layer: layer.name, sum: 'E', mean: state['s'], weight }, { step, count, statistics: sums });
    return { ...state, s, momentWeight: scalar(weight) };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    const { s } = state;
    const damping = state['damping'][0];
    const rotated = intoBasis(this.#basis(state), v, this.#linalg);
    for (let i = 0; i < rotated.length; i++) rotated[i] /= s[i] + damping;
    return fromBasis(this.#basis(state), rotated, this.#linalg);
  }

  /** C v; before the first refresh C = 0, since no moments are known. */
  multiply(state: StateTree, v: Float64Array): Float64Array {
    const { s } = state;
    const rotated = intoBasis(this.#basis(state), v, this.#linalg);
    for (let i = 0; i < rotated.length; i++) rotated[i] *= s[i];
    return fromBasis(this.#basis(state), rotated, this.#linalg);
  }

  toDense(state: StateTree): Float64Array {
    const n = this.size;
    const { rows, columns, input = identity(rows), output } = this.#basis(state);
    const vectors = toDense({ rows, columns, input, output });
    const scaled = vectors.map((entry, at) => entry * state['s'][at % n]);
    return this.#linalg.matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    const { layer, statistics } = this.#options;
    return [
      {
        layer: layer.name,
        curvature: 'eigenbasis',
        conditionA: state['conditionA'][0],
        conditionS: state['conditionS'][0],
        ...this.age(state, step),
        bytes: statistics.bytes(state) + 4 * this.size,
        fallbacks: 0,
        clamped: 0,
        kept: 0,
      },
    ];
  }

  get #hasInputBasis(): boolean {
    return this.#options.layer.kind !== 'embedding';
  }

  #basis(state: StateTree): KroneckerBasis {
    const { rows, columns } = this.#options.layer;
    return { rows, columns, input: this.#hasInputBasis ? state['QA'] : undefined, output: state['QS'] };
  }

  /** Eigenvectors of the present factors, and the eigenvalues, none below 0. */
  #decomposed(state: StateTree): KroneckerBasis & Pick<KroneckerEigen, 'inputValues' | 'outputValues'> {
    const { statistics, layer } = this.#options;
    if (this.#hasInputBasis) return eigenOf(statistics.factors(state), this.#linalg);
    const { rows, columns } = layer;
    const { vectors, values } = this.#linalg.symmetricEigen(state['S'], columns);
    return { rows, columns, input: undefined, output: vectors, inputValues: nonNegative(state['A']), outputValues: nonNegative(values) };
  }

  #drift(state: StateTree): number {
    const { rows, columns } = this.#options.layer;
    const linalg = this.#linalg;
    const ofOutputs = basisDrift({ matrix: state['S'], vectors: state['QS'], n: columns, linalg });
    return this.#hasInputBasis ? Math.max(basisDrift({ matrix: state['A'], vectors: state['QA'], n: rows, linalg }), ofOutputs) : ofOutputs;
  }

  #sent(q: Float64Array): FloatArray {
    return this.#options.tools.precision === 'float64' ? q : Float32Array.from(q);
  }

  #rounded(q: Float64Array): Float64Array {
    return Float64Array.from(this.#sent(q));
  }
}

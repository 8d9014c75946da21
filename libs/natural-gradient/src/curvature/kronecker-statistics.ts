/**
 * The moving averages behind a Kronecker product: A of a layer's inputs, S of its output gradients or metric, and for damping by the
 * metric M. Debiased, with one weight for all, since they come together. Keys: `A`, `S`, `M` (where used), `weight`.
 * An embedding's inputs are one-hot: its A is diagonal, and its diagonal [V] is all that there is of it.
 */
import { packedSize, trace } from '@geodesic/linalg';
import type { PresentFactors } from '../damping/damping-rule.ts';
import { type FactorScales, isZero, scalesOf } from '../damping/factored-damping.ts';
import { nextWeight } from '../moving-average.ts';
import { scalar, type StateTree } from '../state.ts';
import type { StatisticsBatch } from './curvature.ts';
import type { PlacedLayer } from './placed-layer.ts';
import { absorbStatistic } from './statistic.ts';

/** Which sums a layer sends. */
export interface KroneckerStatisticsOptions {
  readonly layer: PlacedLayer;
  /** Per absorbed batch, in [0, 1). */
  readonly decay: number;
  /** `forward`: no backward pass, S = I. */
  readonly output: 'sum' | 'identity';
  /** Whether M is sent. */
  readonly metric: boolean;
  /** Use S columns / tr S, for metrics whose scale means nothing. */
  readonly normalizeMetric: boolean;
}

/** The averages of one layer. */
export class KroneckerStatistics {
  readonly #options: KroneckerStatisticsOptions;

  constructor(options: KroneckerStatisticsOptions) {
    this.#options = options;
  }

  initialState(): StateTree {
    const { layer, output, metric } = this.#options;
    const { columns } = layer;
    const S = new Float64Array(columns * columns);
    if (output === 'identity') for (let i = 0; i < columns; i++) S[i * (columns + 1)] = 1;
    return {
      A: new Float64Array(this.#isDiagonal ? layer.rows : layer.rows ** 2),
      S,
      ...(metric && { M: new Float64Array(columns * columns) }),
      weight: scalar(0),
    };
  }

  get #isDiagonal(): boolean {
    return this.#options.layer.kind === 'embedding';
  }

  /** The entries after one more batch; a constant A is taken once. @throws {MissingStatisticsError | NonFiniteError | StepInputError} */
  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const { layer, decay, output, metric } = this.#options;
    const weight = nextWeight(state['weight'][0], decay);
    const next = (sum: string): Float64Array => absorbStatistic({ layer: layer.name, sum, mean: state[sum], weight }, batch);
    const keepsInputs = layer.constantInputs === true && state['weight'][0] > 0;
    return {
      A: keepsInputs ? state['A'] : next('A'),
      S: output === 'sum' ? next('S') : state['S'],
      ...(metric && { M: next('M') }),
      weight: scalar(weight),
    };
  }

  /** The factors as they are now, of a layer whose A is full. */
  factors(state: StateTree): PresentFactors {
    const { layer, normalizeMetric, metric } = this.#options;
    const { rows, columns } = layer;
    const output = normalizeMetric ? withUnitScale(state['S'], columns) : state['S'];
    return { rows, columns, input: state['A'], output, ...(metric && { metric: state['M'] }) };
  }

  /** What the pi of the factors follows from. */
  scales(state: StateTree): FactorScales {
    const { layer } = this.#options;
    if (!this.#isDiagonal) return scalesOf(this.factors(state));
    const { A, S } = state;
    const { rows, columns } = layer;
    return { rows, columns, inputTrace: sumOf(A), outputTrace: trace(S, columns), isZero: isZero(A) || isZero(S) };
  }

  /** Bytes of packed float32 sums that a worker sends next. */
  bytes(state: StateTree): number {
    const { layer, output, metric } = this.#options;
    const inputs = layer.constantInputs === true && state['weight'][0] > 0 ? 0 : this.#isDiagonal ? layer.rows : packedSize(layer.rows);
    return 4 * (inputs + packedSize(layer.columns) * ((output === 'sum' ? 1 : 0) + (metric ? 1 : 0)));
  }
}

function withUnitScale(s: Float64Array, n: number): Float64Array {
  const total = trace(s, n);
  return total > 0 ? s.map((value) => (value * n) / total) : s;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

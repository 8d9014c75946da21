/**
 * K-FAC of an embedding [V, columns]: an example's input is one-hot, so that A is diagonal, the frequency of each id, and exactly so.
 * C = diag(a) (x) S is damped by pi (factored-damping.ts): (diag(a) + pi sqrt(lambda) I) (x) (S + (sqrt(lambda) / pi) I). Ids that were
 * never seen have a = 0 and move by the damping alone. There is no bias.
 * Keys: those of kronecker-statistics.ts; `inverseA` [V], `inverseS`, `inverseStep` (0: none yet), `pi`, `conditionA`, `conditionS`, `moved`; with
 * `tracksDrift` `reference/A`, `reference/S`; the counters of ladder.ts.
 */
import { defaultLinalg, inverseCounters, type InverseCounters } from '@geodesic/linalg';
import { conditionNumber, diagonalCondition } from '../damping/condition-number.ts';
import { type FailedFactor, finiteSplit, invertFactor } from '../damping/damped-inverse.ts';
import { type DampingSplit, splitByScales } from '../damping/factored-damping.ts';
import { climb, initialLadder, ladderReport } from '../damping/ladder.ts';
import { relativeChange } from '../damping/relative-change.ts';
import { MissingStatisticsError } from '../errors.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, CurvatureTools, RefreshOptions, StatisticsBatch } from './curvature.ts';
import type { KroneckerStatistics } from './kronecker-statistics.ts';
import { LayerVitals } from './layer-vitals.ts';
import type { PlacedLayer } from './placed-layer.ts';

/** Options of the curvature. */
export interface EmbeddingCurvatureOptions {
  readonly layer: PlacedLayer;
  readonly statistics: KroneckerStatistics;
  /** Measure how far the factors move at every absorbed batch; else any batch counts as 1. */
  readonly tracksDrift: boolean;
  readonly tools: CurvatureTools;
}

interface Inverted {
  readonly split: DampingSplit;
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly counters: Readonly<InverseCounters>;
}

/** diag(a) (x) S of one layer. */
export class EmbeddingCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #layer: PlacedLayer;
  readonly #options: EmbeddingCurvatureOptions;

  constructor(options: EmbeddingCurvatureOptions) {
    super();
    this.size = options.layer.size;
    this.#layer = options.layer;
    this.#options = options;
  }

  initialState(): StateTree {
    const { rows, columns } = this.#layer;
    const references = { 'reference/A': new Float64Array(rows), 'reference/S': new Float64Array(columns * columns) };
    return {
      ...this.#options.statistics.initialState(),
      inverseA: new Float64Array(rows),
      inverseS: new Float64Array(columns * columns),
      inverseStep: scalar(0),
      pi: scalar(0),
      conditionA: scalar(0),
      conditionS: scalar(0),
      moved: scalar(0),
      ...initialLadder(),
      ...(this.#options.tracksDrift && references),
    };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const { statistics, tracksDrift } = this.#options;
    const next = { ...state, ...statistics.absorb(state, batch) };
    return { ...next, moved: scalar(tracksDrift ? drift(next) : 1) };
  }

  refresh(state: StateTree, { step, damping }: RefreshOptions): StateTree {
    const { name, columns } = this.#layer;
    if (!this.isKnown(state)) throw new MissingStatisticsError(name, `A/${name}`, step);
    const split = splitByScales(this.#options.statistics.scales(state), damping);
    const { found, counters } = climb<Inverted>(state, {
      layer: name,
      damping,
      isReady: this.isReady(state),
      invert: (how) => this.#invert(state, split, { ...how, step }),
    });
    if (found === undefined) return { ...state, ...counters };
    const { input, output, split: used } = found;
    const inverted = { matrix: used.isZero ? new Float64Array(output.length) : state['S'], onDiagonal: used.onOutput, inverse: output };
    return {
      ...state,
      ...counters,
      inverseA: input,
      inverseS: output,
      inverseStep: scalar(step),
      pi: scalar(used.pi),
      conditionA: scalar(diagonalCondition(input)),
      conditionS: scalar(conditionNumber({ ...inverted, n: columns })),
      moved: scalar(0),
      ...(this.#options.tracksDrift && { 'reference/A': state['A'], 'reference/S': state['S'] }),
    };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['inverseA'], v, state['inverseS']);
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['A'], v, state['S']);
  }

  toDense(state: StateTree): Float64Array {
    const { rows, columns } = this.#layer;
    const dense = new Float64Array(this.size * this.size);
    for (let i = 0; i < rows; i++) {
      for (let o = 0; o < columns; o++) {
        for (let p = 0; p < columns; p++)
          dense[(i * columns + o) * this.size + i * columns + p] = state['A'][i] * state['S'][o * columns + p];
      }
    }
    return dense;
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    return [
      {
        layer: this.#layer.name,
        curvature: 'embedding',
        conditionA: state['conditionA'][0],
        conditionS: state['conditionS'][0],
        pi: state['pi'][0],
        ...this.age(state, step),
        bytes: this.#options.statistics.bytes(state),
        ...ladderReport(state),
      },
    ];
  }

  #invert(state: StateTree, given: DampingSplit, how: { step: number; diagonalDamping?: number }): Inverted | undefined {
    const { linalg, onFailedFactor } = this.#options.tools;
    const { name, columns } = this.#layer;
    const split = how.diagonalDamping === undefined ? given : finiteSplit(given, how.diagonalDamping);
    const input = state['A'].map((value) => 1 / ((split.isZero ? 0 : Math.max(0, value)) + split.onInput));
    if (!input.every((value) => value > 0 && value < Infinity)) return undefined;
    const counters = inverseCounters();
    const output = invertFactor(split.isZero ? new Float64Array(columns * columns) : state['S'], {
      n: columns,
      onDiagonal: split.onOutput,
      factor: 'S',
      counters,
      linalg,
      diagonalDamping: how.diagonalDamping,
      onFailure: onFailedFactor && ((failure: FailedFactor): void => onFailedFactor({ ...failure, layer: name, step: how.step })),
    });
    return output && { input, output, split, counters };
  }

  /** diag(a) V S. */
  #times(a: Float64Array, v: Float64Array, s: Float64Array): Float64Array {
    const { rows, columns } = this.#layer;
    const { linalg = defaultLinalg() } = this.#options.tools;
    const out = linalg.matmul(v, s, { m: rows, k: columns, n: columns });
    for (let i = 0; i < rows; i++) for (let o = 0; o < columns; o++) out[i * columns + o] *= a[i];
    return out;
  }
}

function drift(state: StateTree): number {
  return Math.max(relativeChange(state['A'], state['reference/A']), relativeChange(state['S'], state['reference/S']));
}

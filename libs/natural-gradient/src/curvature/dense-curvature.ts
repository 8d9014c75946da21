/**
 * The whole Fisher block of a layer, C = F / count [n, n]: O(n^2) memory and O(n^3) for each refresh, for small layers.
 * Keys: those of single-statistic.ts with sum `F`; `inverse` [n, n] of F + lambda I (down the ladder of ladder.ts, with its counters),
 * `condition`.
 */
import { defaultLinalg, inverseCounters, type InverseCounters, type Linalg, packedSize } from '@geodesic/linalg';
import { conditionNumber } from '../damping/condition-number.ts';
import { type FailedFactor, invertFactor } from '../damping/damped-inverse.ts';
import { climb, initialLadder, ladderReport } from '../damping/ladder.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, CurvatureTools, RefreshOptions, StatisticsBatch } from './curvature.ts';
import type { SingleCurvatureOptions } from './diagonal-curvature.ts';
import { LayerVitals } from './layer-vitals.ts';
import { SingleStatistic } from './single-statistic.ts';

interface Inverted {
  readonly inverse: Float64Array;
  readonly counters: Readonly<InverseCounters>;
}

/** F of one layer. */
export class DenseCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #layer: string;
  readonly #statistic: SingleStatistic;
  readonly #tools: CurvatureTools;
  readonly #linalg: Linalg;

  constructor({ layer, decay, tracksDrift }: SingleCurvatureOptions, tools: CurvatureTools) {
    super();
    this.size = layer.size;
    this.#layer = layer.name;
    this.#tools = tools;
    this.#linalg = tools.linalg ?? defaultLinalg();
    this.#statistic = new SingleStatistic({ layer: layer.name, sum: 'F', length: layer.size ** 2, decay, tracksDrift });
  }

  initialState(): StateTree {
    const inverse = new Float64Array(this.size * this.size);
    return { ...this.#statistic.initialState(), ...initialLadder(), inverse, condition: scalar(0) };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return this.#statistic.absorb(state, batch);
  }

  refresh(state: StateTree, options: RefreshOptions): StateTree {
    const { step, damping } = options;
    this.#statistic.requireKnown(state, step);
    const { found, counters } = climb<Inverted>(state, {
      layer: this.#layer,
      damping,
      isReady: this.isReady(state),
      invert: (how) => this.#invert(state['F'], { ...how, step, damping }),
    });
    if (found === undefined) return { ...state, ...counters };
    const { inverse } = found;
    const condition = scalar(conditionNumber({ matrix: state['F'], onDiagonal: damping, inverse, n: this.size }));
    return { ...state, ...counters, ...this.#statistic.refreshed(state, options), inverse, condition };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['inverse'], v);
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['F'], v);
  }

  toDense(state: StateTree): Float64Array {
    return state['F'].slice();
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    return [
      {
        layer: this.#layer,
        curvature: 'dense',
        conditionA: state['condition'][0],
        ...this.age(state, step),
        bytes: 4 * packedSize(this.size),
        ...ladderReport(state),
      },
    ];
  }

  #invert(matrix: Float64Array, how: { step: number; damping: number; diagonalDamping?: number }): Inverted | undefined {
    const { onFailedFactor } = this.#tools;
    const counters = inverseCounters();
    const inverse = invertFactor(matrix, {
      n: this.size,
      onDiagonal: how.damping,
      factor: 'F',
      counters,
      linalg: this.#linalg,
      diagonalDamping: how.diagonalDamping,
      onFailure: onFailedFactor && ((failure: FailedFactor): void => onFailedFactor({ ...failure, layer: this.#layer, step: how.step })),
    });
    return inverse && { inverse, counters };
  }

  #times(matrix: Float64Array, v: Float64Array): Float64Array {
    return this.#linalg.matmul(matrix, v, { m: this.size, k: this.size, n: 1 });
  }
}

/**
 * The diagonal of a layer's Fisher matrix: C = diag(d), d = D / count, D = sum_n G_n^2 entry by entry over examples' gradients.
 * Keys: those of single-statistic.ts with sum `D`, and `inverse` [n] = 1 / (d + lambda), `condition`.
 */
import { diagonalCondition } from '../damping/condition-number.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, RefreshOptions, StatisticsBatch } from './curvature.ts';
import { LayerVitals } from './layer-vitals.ts';
import type { PlacedLayer } from './placed-layer.ts';
import { SingleStatistic } from './single-statistic.ts';

/** Options of curvatures with one sum a layer. */
export interface SingleCurvatureOptions {
  readonly layer: PlacedLayer;
  /** Per absorbed batch, in [0, 1). */
  readonly decay: number;
  /** Measure how far the statistic moves at every absorbed batch; else any batch counts as 1. */
  readonly tracksDrift: boolean;
}

/** diag(d) of one layer. */
export class DiagonalCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #layer: string;
  readonly #statistic: SingleStatistic;

  constructor({ layer, decay, tracksDrift }: SingleCurvatureOptions) {
    super();
    this.size = layer.size;
    this.#layer = layer.name;
    this.#statistic = new SingleStatistic({ layer: layer.name, sum: 'D', length: layer.size, decay, tracksDrift });
  }

  initialState(): StateTree {
    return { ...this.#statistic.initialState(), inverse: new Float64Array(this.size), condition: scalar(0) };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return this.#statistic.absorb(state, batch);
  }

  refresh(state: StateTree, options: RefreshOptions): StateTree {
    this.#statistic.requireKnown(state, options.step);
    const { D } = state;
    const inverse = new Float64Array(this.size);
    for (let i = 0; i < this.size; i++) inverse[i] = 1 / (Math.max(0, D[i]) + options.damping);
    return { ...state, ...this.#statistic.refreshed(state, options), inverse, condition: scalar(diagonalCondition(inverse)) };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return product(state['inverse'], v);
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return product(state['D'], v);
  }

  toDense(state: StateTree): Float64Array {
    const dense = new Float64Array(this.size * this.size);
    for (let i = 0; i < this.size; i++) dense[i * (this.size + 1)] = state['D'][i];
    return dense;
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    return [
      {
        layer: this.#layer,
        curvature: 'diagonal',
        conditionA: state['condition'][0],
        ...this.age(state, step),
        bytes: 4 * this.size,
        fallbacks: 0,
        clamped: 0,
        kept: 0,
      },
    ];
  }
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(b.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] * b[i];
  return out;
}

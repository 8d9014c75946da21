/**
 * K-FAC and metric K-FAC of one dense or convolutional layer: C = A (x) S from moving averages, damped by a rule.
 * All of it is state, so a run resumed between two refreshes goes on with the same inverses, bit for bit.
 * Keys: those of kronecker-statistics.ts and of the rule, and `moved` (see Curvature.moved).
 * Source: Martens & Grosse 2015; Grosse & Martens 2016.
 */
import type { FailedFactor } from '../damping/damped-inverse.ts';
import type { DampingRule } from '../damping/damping-rule.ts';
import { MissingStatisticsError } from '../errors.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, CurvatureTools, RefreshOptions, StatisticsBatch } from './curvature.ts';
import { multiply, toDense } from './kronecker-factor.ts';
import type { KroneckerStatistics } from './kronecker-statistics.ts';
import { LayerVitals } from './layer-vitals.ts';
import type { PlacedLayer } from './placed-layer.ts';

/** What the curvature of a layer is made of. */
export interface KroneckerCurvatureOptions {
  readonly layer: PlacedLayer;
  readonly statistics: KroneckerStatistics;
  readonly rule: DampingRule;
  /** Measure how far the factors move at every absorbed batch; else any batch counts as 1. */
  readonly tracksDrift: boolean;
  readonly tools: CurvatureTools;
}

/** A (x) S of one layer. */
export class KroneckerCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #options: KroneckerCurvatureOptions;

  constructor(options: KroneckerCurvatureOptions) {
    super();
    this.size = options.layer.size;
    this.#options = options;
  }

  initialState(): StateTree {
    const { statistics, rule } = this.#options;
    return { ...statistics.initialState(), ...rule.initialState(), moved: scalar(0) };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const { statistics, rule, tracksDrift, tools } = this.#options;
    const next = { ...state, ...statistics.absorb(state, batch) };
    const moved = tracksDrift && this.isReady(state) ? rule.drift(statistics.factors(next), state, tools.linalg) : 1;
    return { ...next, moved: scalar(moved) };
  }

  refresh(state: StateTree, { step, damping }: RefreshOptions): StateTree {
    const { layer, statistics, rule, tools } = this.#options;
    if (!this.isKnown(state)) throw new MissingStatisticsError(layer.name, `A/${layer.name}`, step);
    const { linalg, onFailedFactor } = tools;
    const onFailure = onFailedFactor && ((failure: FailedFactor): void => onFailedFactor({ ...failure, layer: layer.name, step }));
    const refreshed = rule.refresh(statistics.factors(state), state, { step, damping, linalg, onFailure });
    // A refresh that kept the last inverse has moved nothing.
    return { ...state, ...refreshed, ...('inverseStep' in refreshed && { moved: scalar(0) }) };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return this.#options.rule.solve(state, v, this.#options.tools.linalg);
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return multiply(this.#options.statistics.factors(state), v, this.#options.tools.linalg);
  }

  toDense(state: StateTree): Float64Array {
    return toDense(this.#options.statistics.factors(state));
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    const { layer, statistics, rule } = this.#options;
    return [
      {
        layer: layer.name,
        curvature: 'kronecker',
        ...this.age(state, step),
        bytes: statistics.bytes(state),
        ...rule.report(state),
      },
    ];
  }
}

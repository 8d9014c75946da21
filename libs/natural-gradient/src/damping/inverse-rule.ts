/**
 * Damping that leaves a Kronecker product, A_d (x) S_d: the two inverses are cached. `pi` is factored Tikhonov (factored-damping.ts),
 * `metric` and a layer with undamped inputs keep covariance (covariant-damping.ts).
 * Keys: `inverseA`, `inverseS`, `inverseStep` (0: none yet), `pi`, `conditionA`, `conditionS`; with `tracksDrift` the factors of the last
 * refresh, `reference/A`, `reference/S` and, with a metric, `reference/M`; the counters of ladder.ts.
 */
import type { Linalg } from '@geodesic/linalg';
import { type KroneckerFactors, multiply } from '../curvature/kronecker-factor.ts';
import type { PlacedLayer } from '../curvature/placed-layer.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import { conditionNumber } from './condition-number.ts';
import { dampCovariantly } from './covariant-damping.ts';
import { type DampedInverse, invertSplit } from './damped-inverse.ts';
import type { DampingRule, PresentFactors, RuleRefresh } from './damping-rule.ts';
import { type DampingSplit, splitDamping } from './factored-damping.ts';
import { climb, initialLadder, ladderReport } from './ladder.ts';
import { relativeChange } from './relative-change.ts';

/** Options of the rule. */
export interface InverseRuleOptions {
  readonly damps: 'pi' | 'metric' | 'outputs';
  /** Of A where it is not damped; see covariant-damping.ts. */
  readonly relativeRidge: number;
  /** Keep the factors of the last refresh, to know how far they have moved. */
  readonly tracksDrift: boolean;
}

/** The rule of one layer. */
export class InverseRule implements DampingRule {
  readonly #layer: PlacedLayer;
  readonly #options: InverseRuleOptions;

  constructor(layer: PlacedLayer, options: InverseRuleOptions) {
    this.#layer = layer;
    this.#options = options;
  }

  initialState(): StateTree {
    const { rows, columns } = this.#layer;
    const square = (n: number): Float64Array => new Float64Array(n * n);
    return {
      inverseA: square(rows),
      inverseS: square(columns),
      inverseStep: scalar(0),
      pi: scalar(0),
      conditionA: scalar(0),
      conditionS: scalar(0),
      ...initialLadder(),
      ...(this.#options.tracksDrift && { 'reference/A': square(rows), 'reference/S': square(columns) }),
      ...(this.#options.tracksDrift && this.#options.damps === 'metric' && { 'reference/M': square(columns) }),
    };
  }

  refresh(present: PresentFactors, state: StateTree, { step, damping, linalg, onFailure }: RuleRefresh): StateTree {
    const { factors, split } = this.#damped(present, damping);
    const { found, counters } = climb<DampedInverse>(state, {
      layer: this.#layer.name,
      damping,
      isReady: state['inverseStep'][0] > 0,
      invert: ({ diagonalDamping }) => invertSplit(factors, split, { linalg, onFailure, diagonalDamping }),
    });
    if (found === undefined) return counters;
    const { inverse, pi, split: used } = found;
    return {
      ...counters,
      inverseA: inverse.input,
      inverseS: inverse.output,
      inverseStep: scalar(step),
      pi: scalar(pi),
      ...conditions(factors, used, inverse),
      ...this.#references(present),
    };
  }

  solve(state: StateTree, v: Float64Array, linalg?: Linalg): Float64Array {
    const { rows, columns } = this.#layer;
    return multiply({ rows, columns, input: state['inverseA'], output: state['inverseS'] }, v, linalg);
  }

  drift(present: PresentFactors, state: StateTree): number {
    const references = this.#references(present);
    return Object.entries(references).reduce((most, [key, now]) => Math.max(most, relativeChange(now, state[key])), 0);
  }

  report(state: StateTree): ReturnType<DampingRule['report']> {
    const own: Partial<LayerReport> = { conditionA: state['conditionA'][0], conditionS: state['conditionS'][0] };
    return { ...own, ...(this.#options.damps === 'pi' && { pi: state['pi'][0] }), ...ladderReport(state) };
  }

  #damped(present: PresentFactors, damping: number): { readonly factors: KroneckerFactors; readonly split: DampingSplit } {
    const { damps, relativeRidge } = this.#options;
    switch (damps) {
      case 'pi':
        return { factors: present, split: splitDamping(present, damping) };
      case 'metric':
        return dampCovariantly(present, damping, { metric: present.metric, relativeRidge });
      case 'outputs':
        return dampCovariantly(present, damping, { relativeRidge });
    }
  }

  #references({ input, output, metric }: PresentFactors): StateTree {
    if (!this.#options.tracksDrift) return {};
    return { 'reference/A': input, 'reference/S': output, ...(metric && { 'reference/M': metric }) };
  }
}

function conditions({ rows, columns, input, output }: KroneckerFactors, split: DampingSplit, inverse: KroneckerFactors): StateTree {
  if (split.isZero) return { conditionA: scalar(1), conditionS: scalar(1) };
  return {
    conditionA: scalar(conditionNumber({ matrix: input, onDiagonal: split.onInput, inverse: inverse.input, n: rows })),
    conditionS: scalar(conditionNumber({ matrix: output, onDiagonal: split.onOutput, inverse: inverse.output, n: columns })),
  };
}

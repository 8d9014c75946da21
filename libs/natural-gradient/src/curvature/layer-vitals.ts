/**
 * What every curvature of one layer answers from the same keys of its state: `weight` (debias weight of the statistics, 0: none yet),
 * `inverseStep` (step of the last refresh, 0: none yet) and `moved`.
 */
import type { StateTree } from '../state.ts';

/** The part of a layer's curvature that does not depend on its form. */
export abstract class LayerVitals {
  isKnown(state: StateTree): boolean {
    return state['weight'][0] > 0;
  }

  isReady(state: StateTree): boolean {
    return state['inverseStep'][0] > 0;
  }

  moved(state: StateTree): number {
    return this.isReady(state) ? state['moved'][0] : Infinity;
  }

  /** Of a report: steps since the last refresh, and how far the statistics have moved since. */
  protected age(state: StateTree, step: number): { readonly staleness: number; readonly moved: number } {
    return { staleness: step - state['inverseStep'][0], moved: state['moved'][0] };
  }
}

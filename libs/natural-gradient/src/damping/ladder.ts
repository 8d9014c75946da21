/**
 * The lower rungs of the ladder of inverses, as state: after those of robustInverse the last good inverse is kept, and when that has
 * happened three times in a row the diagonal of the damped matrix is inverted instead, until the matrix can be inverted again.
 * Keys, counted since the run began: `fallbacks` (refreshes that left the first rung), `clamped` (factors inverted with negative
 * eigenvalues as zero), `kept` (refreshes that kept the inverses), `diagonal` (refreshes that took the diagonal); `keptInRow`.
 */
import type { InverseCounters } from '@geodesic/linalg';
import { SingularFactorError } from '../errors.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';

/** Refreshes in a row that keep the last inverse before the diagonal takes its place. */
const mostKept = 3;

/** The counters at zero. */
export function initialLadder(): StateTree {
  return { fallbacks: scalar(0), clamped: scalar(0), kept: scalar(0), keptInRow: scalar(0), diagonal: scalar(0) };
}

/** Counters of a layer's report. */
export function ladderReport(state: StateTree): Pick<LayerReport, 'fallbacks' | 'clamped' | 'kept' | 'diagonal'> {
  const [fallbacks, clamped, kept, diagonal] = ['fallbacks', 'clamped', 'kept', 'diagonal'].map((key) => state[key][0]);
  return { fallbacks, clamped, kept, diagonal };
}

/** What to climb with. */
export interface Climb<T> {
  readonly layer: string;
  readonly damping: number;
  /** Whether there is an inverse to keep. */
  readonly isReady: boolean;
  /** Inverts; `diagonalDamping` asks for the rung of the diagonal. Undefined where nothing helps. */
  readonly invert: (options: { readonly diagonalDamping?: number }) => (T & { readonly counters: Readonly<InverseCounters> }) | undefined;
}

/** An inverse, or none where the last one stays, and the counters after it. */
export interface Climbed<T> {
  readonly found: T | undefined;
  readonly counters: StateTree;
}

/** Climbs down as far as it takes. @throws {SingularFactorError} when nothing helps and there is nothing to keep */
export function climb<T>(state: StateTree, { layer, damping, isReady, invert }: Climb<T>): Climbed<T> {
  const found = invert({});
  if (found !== undefined) {
    const { eigen } = found.counters;
    return { found, counters: { ...counted(state, { fallbacks: eigen > 0 ? 1 : 0, clamped: eigen }), keptInRow: scalar(0) } };
  }
  if (!isReady) throw new SingularFactorError(layer, damping);
  if (state['keptInRow'][0] < mostKept) return { found: undefined, counters: counted(state, { fallbacks: 1, kept: 1, keptInRow: 1 }) };
  return { found: invert({ diagonalDamping: damping }), counters: counted(state, { fallbacks: 1, diagonal: 1 }) };
}

function counted(state: StateTree, by: Readonly<Record<string, number>>): StateTree {
  return Object.fromEntries(Object.keys(initialLadder()).map((key) => [key, scalar(state[key][0] + (by[key] ?? 0))]));
}

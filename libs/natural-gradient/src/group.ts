/**
 * What every method looks like to the optimiser: a pure step on the group's own parameters, gathered into one vector of n numbers.
 * A group knows nothing of the other groups, of theta's layout or of float32; the optimiser gathers, scatters and rounds.
 */
import type { LayoutEntry } from '@geodesic/tensor';
import type { LayerReport } from './layer-report.ts';
import type { FloatArray, Rounds } from './rounds.ts';
import type { StateTree } from './state.ts';

/** A run of consecutive entries of theta. */
export type Span = Pick<LayoutEntry, 'offset' | 'size'>;

/** What a group sees of a step. */
export interface GroupInput {
  /** 1-based. */
  readonly step: number;
  /** Real examples behind the sums, at least 1. */
  readonly count: number;
  /** Mean gradient, [n]; valid during the step only. */
  readonly gradient: Float64Array;
  /** Parameters before the step, [n]; valid during the step only. */
  readonly parameters: FloatArray;
  /** Sums over the examples by key, such as `A/<layer>`; complete when {@link Group.statisticsDue}, ignored otherwise. */
  readonly statistics: ReadonlyMap<string, ArrayLike<number>>;
  /** What a natural group's damping is multiplied by, since changes had to be taken back; default 1. */
  readonly dampingScale?: number;
}

/** What a group answers. */
export interface GroupOutput {
  /** To be added to the parameters, [n], not rounded. */
  readonly update: Float64Array;
  /** The group's whole next state. */
  readonly state: StateTree;
  /** Measurements by short name, such as `learningRate`. */
  readonly report: Readonly<Record<string, number>>;
  /** Health of the group's curvature by layer; methods without one have none. */
  readonly layers?: readonly LayerReport[];
}

/** A method bound to its parameters. */
export interface Group {
  readonly name: string;
  /** Where the n numbers stand in theta, ascending. */
  readonly spans: readonly Span[];
  initialState(): StateTree;
  /** Whether the step's gradient round should bring statistics; `state` is the group's before the step. */
  statisticsDue(step: number, state: StateTree): boolean;
  /** The step under the search `fixed`; may need rounds of its own, at the parameters before the step. */
  step(state: StateTree, input: GroupInput): GroupOutput | Rounds<GroupOutput>;
}

/** The spans of a flat vector as one array, in order: a view where they are consecutive, else a copy. To be read only. */
export function gather<T extends FloatArray>(flat: T, spans: readonly Span[]): T {
  const size = lengthOf(spans);
  const [{ offset: start }] = spans;
  const consecutive = spans.every(({ offset }, i) => i === 0 || offset === spans[i - 1].offset + spans[i - 1].size);
  if (consecutive) return flat.subarray(start, start + size) as T;
  const gathered = (flat instanceof Float64Array ? new Float64Array(size) : new Float32Array(size)) as T;
  let position = 0;
  for (const { offset, size: length } of spans) {
    gathered.set(flat.subarray(offset, offset + length), position);
    position += length;
  }
  return gathered;
}

/** Writes a gathered vector back to its spans. */
export function scatter(gathered: Float64Array, spans: readonly Span[], flat: FloatArray): void {
  let position = 0;
  for (const { offset, size } of spans) {
    flat.set(gathered.subarray(position, position + size), offset);
    position += size;
  }
}

/** Numbers in all spans together. */
export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { size }) => sum + size, 0);
}

/**
 * What the quadratic search solves: all natural groups as one problem over theta, with one lambda and each group's own L2 coefficient.
 * Sums over theta run in its order, stretch by stretch, so that they do not depend on the order of the groups.
 */
import type { OptimizedModel } from '../gradient-round.ts';
import { gather, scatter, type Span } from '../group.ts';
import { type GroupDirection, NaturalGroup } from '../natural-group.ts';
import type { FloatArray, Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import { dot } from '../vector.ts';

/** A stretch of theta with one L2 coefficient. */
interface Stretch extends Span {
  readonly decay: number;
}

/** The stretches of all groups that move, ascending. */
export function stretchesOf({ groups }: OptimizedModel): readonly Stretch[] {
  return groups
    .flatMap((group) => (group instanceof NaturalGroup ? group.spans.map((span) => ({ ...span, decay: group.config.weightDecay })) : []))
    .sort((a, b) => a.offset - b.offset);
}

/** <a, b>, and the same weighted by the L2 coefficients. */
export function innerProducts(
  stretches: readonly Stretch[],
  a: FloatArray,
  b: FloatArray,
): { readonly plain: number; readonly decayed: number } {
  let [plain, decayed] = [0, 0];
  for (const { offset, size, decay } of stretches) {
    const product = dot(a.subarray(offset, offset + size), b.subarray(offset, offset + size));
    plain += product;
    decayed += decay * product;
  }
  return { plain, decayed };
}

/** gradient + eta_2 theta, a new array; zeros where nothing moves. */
export function regularised(stretches: readonly Stretch[], gradient: Float64Array, parameters: FloatArray): Float64Array {
  const out = new Float64Array(gradient.length);
  for (const { offset, size, decay } of stretches) {
    for (let i = offset; i < offset + size; i++) out[i] = gradient[i] + decay * parameters[i];
  }
  return out;
}

/** The L2 term (eta_2 / 2) |theta|^2. */
export function l2Term(stretches: readonly Stretch[], parameters: FloatArray): number {
  return innerProducts(stretches, parameters, parameters).decayed / 2;
}

/** What the groups answer together. */
export interface JointDirection {
  /** D = -U over all of theta, -0 where nothing moves: [P], not rounded. */
  readonly direction: Float64Array;
  /** By group; undefined for those that do not move. */
  readonly answers: readonly (GroupDirection | undefined)[];
}

/** Asks every natural group for its direction at a damping. */
export function* jointDirection(
  model: OptimizedModel,
  input: {
    readonly step: number;
    readonly gradient: Float64Array;
    readonly parameters: FloatArray;
    readonly states: readonly StateTree[];
    readonly damping: number;
    readonly refresh: boolean;
  },
): Rounds<JointDirection> {
  const { step, damping, refresh } = input;
  const direction = new Float64Array(input.gradient.length).fill(-0);
  const answers: (GroupDirection | undefined)[] = [];
  for (const [i, group] of model.groups.entries()) {
    if (!(group instanceof NaturalGroup)) {
      answers.push(undefined);
      continue;
    }
    const [gradient, parameters] = [gather(input.gradient, group.spans), gather(input.parameters, group.spans)];
    const answer = yield* group.direction(input.states[i], { step, gradient, parameters, damping, refresh });
    for (let k = 0; k < answer.direction.length; k++) answer.direction[k] = -answer.direction[k];
    scatter(answer.direction, group.spans, direction);
    answers.push(answer);
  }
  return { direction, answers };
}

/**
 * Forward accumulation: appends to a builder the tangents of some values, given tangents of others. Tangents that are zero
 * stay symbolic (no node is made of them), so what does not depend on a seed costs nothing. The result is a graph like any
 * other: forward and reverse derivatives nest in any order.
 */
import { sameShape } from '@geodesic/tensor';
import { GraphError } from './errors.ts';
import { Expressions } from './expressions.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { describeType, isFloat } from './graph.ts';
import { kernelOf } from './kernels/registry.ts';

/** A value and the tangent that enters there, of the same type. */
export interface TangentSeed {
  readonly id: number;
  readonly tangent: number;
}

/**
 * Appends the Jacobian-vector products sum_s d(output)/d(seed_s) tangent_s for every output: the transpose of `vjp` with
 * `wrt` the seeds. Seeds may be inputs or values on the way; where one seed is computed from another, its tangent is added
 * to the one that arrives. Nothing passes a StopGradient. An output that no seed reaches gets zeros.
 * @param options.constants values that nothing is derived through, unless they are seeds
 * @returns the ids of the tangents, of the types of `outputs`
 * @throws {GraphError} when a tangent has another type than its value, or a value is seeded twice or is not float
 */
export function jvp(
  builder: GraphBuilder,
  seeds: readonly TangentSeed[],
  outputs: readonly number[],
  { constants }: { readonly constants?: ReadonlySet<number> } = {},
): number[] {
  const x = new Expressions(builder);
  const tangents = new Map<number, number>();
  for (const seed of seeds) plant(builder, tangents, seed);
  const needed = ancestors(builder, outputs);
  for (let id = Math.min(...tangents.keys(), needed.length); id < needed.length; id++) {
    const arriving = needed[id] && !constants?.has(id) ? pushForward(x, id, tangents) : undefined;
    if (arriving === undefined) continue;
    const own = tangents.get(id);
    tangents.set(id, own === undefined ? arriving : x.add(own, arriving));
  }
  return outputs.map((id) => tangents.get(id) ?? x.zeros(builder.shapeOf(id), builder.dtypeOf(id)));
}

function plant(builder: GraphBuilder, tangents: Map<number, number>, { id, tangent }: TangentSeed): void {
  const [expected, got] = [describeType(builder.nodeOf(id)), describeType(builder.nodeOf(tangent))];
  if (expected !== got) throw new GraphError('jvp', `a tangent of type ${expected} for value ${id}`, got);
  if (!isFloat(builder.dtypeOf(id))) throw new GraphError('jvp', 'float values as seeds', `value ${id} of type ${expected}`);
  if (tangents.has(id)) throw new GraphError('jvp', 'one tangent for each value (add them first)', `value ${id} twice`);
  tangents.set(id, tangent);
}

/** Marks the values that the outputs are computed from; no longer than the last of them. */
function ancestors(builder: GraphBuilder, outputs: readonly number[]): readonly boolean[] {
  const needed = Array.from({ length: Math.max(-1, ...outputs) + 1 }, () => false);
  for (const id of outputs) needed[id] = true;
  for (let id = needed.length - 1; id >= 0; id--) if (needed[id]) for (const input of builder.nodeOf(id).inputs) needed[input] = true;
  return needed;
}

/** The tangent of a value from those of its inputs; undefined where it is zero. */
function pushForward(x: Expressions, id: number, known: ReadonlyMap<number, number>): number | undefined {
  const { kernel, inputs, attributes, shape, dtype } = x.builder.nodeOf(id);
  const tangents = inputs.map((input) => known.get(input));
  if (!isFloat(dtype) || tangents.every((tangent) => tangent === undefined)) return undefined;
  const tangent = kernelOf(kernel).jvp(x, { inputs, output: id, tangents, attributes });
  if (tangent === undefined || sameShape(x.shapeOf(tangent), shape)) return tangent;
  return x.broadcastTo(tangent, shape);
}

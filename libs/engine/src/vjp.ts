/**
 * Reverse accumulation: appends to a builder the cotangents of some values, given cotangents of others. The result is a
 * graph like any other, so the derivative of a derivative is the same call again.
 */
import { sameShape } from '@geodesic/tensor';
import { accumulate } from './accumulate.ts';
import { GraphError } from './errors.ts';
import { Expressions } from './expressions.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { describeType, isFloat } from './graph.ts';
import { kernelOf } from './kernels/registry.ts';

/** A value and the cotangent that enters there, of the same type. */
export interface Seed {
  readonly id: number;
  readonly cotangent: number;
}

/**
 * Appends the vector-Jacobian products sum_o cotangent_o^T d(output_o)/d(w) for every w in `wrt`, which may be inputs or
 * values on the way (taps). A value that does not reach an output gets zeros. Cotangents of one value are added in the
 * order in which its uses are met going backwards, so equal calls give equal graphs.
 * @param options.constants values that nothing is derived through
 * @returns the ids of the cotangents, of the types of `wrt`
 * @throws {GraphError} when a cotangent has another type than its output
 */
export function vjp(
  builder: GraphBuilder,
  outputs: readonly Seed[],
  wrt: readonly number[],
  options: { readonly constants?: ReadonlySet<number> } = {},
): number[] {
  const x = new Expressions(builder);
  const pending = new Map<number, number[]>();
  const push = (id: number, cotangent: number): void => {
    const [expected, got] = [describeType(builder.nodeOf(id)), describeType(builder.nodeOf(cotangent))];
    if (expected !== got) throw new GraphError('vjp', `a cotangent of type ${expected} for value ${id}`, got);
    const list = pending.get(id);
    if (list) list.push(cotangent);
    else pending.set(id, [cotangent]);
  };
  for (const { id, cotangent } of outputs) push(id, cotangent);

  const last = Math.max(-1, ...outputs.map(({ id }) => id));
  const needed = dependents(builder, { wrt, last, constants: options.constants ?? new Set() });
  const wanted = new Set(wrt);
  const results = new Map<number, number>();
  for (let id = last; id >= 0; id--) {
    const cotangents = needed[id] ? pending.get(id) : undefined;
    if (!cotangents) continue;
    pending.delete(id);
    const cotangent = accumulate(x, cotangents);
    if (wanted.has(id)) results.set(id, cotangent);
    pullBack(x, { id, cotangent, needed }, push);
  }
  return wrt.map((id) => results.get(id) ?? x.zeros(builder.shapeOf(id), builder.dtypeOf(id)));
}

/** Marks the values, up to `last`, on a differentiable way from a value in `wrt`. */
function dependents(
  builder: GraphBuilder,
  { wrt, last, constants }: { readonly wrt: readonly number[]; readonly last: number; readonly constants: ReadonlySet<number> },
): readonly boolean[] {
  const needed: boolean[] = [];
  const roots = new Set(wrt);
  for (let id = 0; id <= last; id++) {
    const node = builder.nodeOf(id);
    const through = node.kernel !== 'StopGradient' && !constants.has(id) && node.inputs.some((input) => needed[input]);
    needed.push(isFloat(node.dtype) && (roots.has(id) || through));
  }
  return needed;
}

/** Sends a value's cotangent to those of its inputs that need one. */
function pullBack(
  x: Expressions,
  at: { readonly id: number; readonly cotangent: number; readonly needed: readonly boolean[] },
  push: (id: number, cotangent: number) => void,
): void {
  const { kernel, inputs, attributes } = x.builder.nodeOf(at.id);
  if (!inputs.some((input) => at.needed[input])) return;
  const pullbacks = kernelOf(kernel).vjp(x, { inputs, output: at.id, cotangent: at.cotangent, attributes });
  inputs.forEach((input, i) => {
    const pullback = at.needed[input] ? pullbacks[i] : undefined;
    if (!pullback) return;
    const cotangent = pullback();
    push(input, sameShape(x.shapeOf(cotangent), x.shapeOf(input)) ? cotangent : x.broadcastTo(cotangent, x.shapeOf(input)));
  });
}

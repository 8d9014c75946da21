/**
 * Simplification at construction: an operation that is about to be appended is replaced by an equal, cheaper value. Rules
 * apply to one operation and look only at the nodes before it, so a graph is simplified while it is built, in one pass.
 */
import { sameShape } from '@geodesic/tensor';
import { kernelOf } from '../kernels/registry.ts';
import { arithmeticRules } from './arithmetic.ts';
import { layoutRules, moveSplat } from './layout.ts';
import { broadcast, madeBy, makeSplat, splatOf, type Rule } from './splat.ts';
import { windowRules } from './windows.ts';

/** Computes an elementwise kernel of splats, in float64. */
const foldSplats: Rule = (builder, node) => {
  const values = node.inputs.map((id) => splatOf(builder, id));
  if (values.includes(undefined)) return undefined;
  const operands = values.map((value, i) => ({ shape: [], dtype: builder.dtypeOf(node.inputs[i]), data: Float64Array.of(value!) }));
  const [result] = kernelOf(node.kernel).evaluate(operands, { shape: [], dtype: node.dtype, attributes: node.attributes });
  return makeSplat(builder, result, node);
};

/** Moves broadcasts of the inputs behind an elementwise kernel, where they disappear or meet the next one. */
const liftBroadcasts: Rule = (builder, node) => {
  const sources = node.inputs.map((id) => madeBy(builder, id, 'BroadcastTo')?.inputs[0] ?? id);
  if (sources.every((id, i) => id === node.inputs[i])) return undefined;
  return broadcast(builder, builder.add(node.kernel, sources, node.attributes), node.shape);
};

/** An equal value for an operation, or undefined when it has to be appended as it is. */
export const simplify: Rule = (builder, node) => {
  const rule: Rule = () =>
    layoutRules[node.kernel]?.(builder, node) ?? arithmeticRules[node.kernel]?.(builder, node) ?? windowRules[node.kernel]?.(builder, node);
  if (!kernelOf(node.kernel).elementwise) return moveSplat(builder, node) ?? rule(builder, node);
  const simpler = foldSplats(builder, node) ?? liftBroadcasts(builder, node) ?? rule(builder, node);
  return simpler === undefined || sameShape(builder.shapeOf(simpler), node.shape) ? simpler : broadcast(builder, simpler, node.shape);
};

/**
 * Einstein summation of one or two tensors, e.g. 'bij,bjk->bik'. Labels of one operand that the result lacks are summed
 * first; then labels of both are batch axes (if the result has them) or are contracted, and one BatchMatMul does the rest:
 *   [batch, freeA, contracted] x [batch, contracted, freeB] -> [batch, freeA, freeB] -> the order of the result.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { EinsumAttrs, Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';

/** Names of axes, one letter each. */
type Labels = readonly string[];

/** A value whose axes have names. */
interface Labelled {
  readonly value: Value;
  readonly labels: Labels;
}

/** Lowering of Einsum. */
export const einsum: LoweringTable = {
  Einsum: (recorder, inputs, { equation }: EinsumAttrs) => {
    const values = Object.values(inputs);
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, values.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, values as unknown as Tensor[]);
    const [terms, result] = equation.replaceAll(/\s/g, '').split('->');
    const operands = terms.split(',').map((labels, i) => ({ labels: labels.split(''), value: recorder.cast(values[i], 'float32') }));
    const [a, b] = operands.map((operand, i) => sumAway(recorder, operand, [...(operands[1 - i]?.labels ?? []), ...result.split('')]));
    const joined = b === undefined ? a : contract(recorder, a, b, result.split(''));
    return recorder.cast(arrange(recorder, joined, result.split('')), values[0].dtype);
  },
};

/** Sums over the labels that nothing else has. */
function sumAway(recorder: Recorder, { value, labels }: Labelled, kept: Labels): Labelled {
  const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  const sum = recorder.kernel('Sum', [value], { axes, keepDims: false });
  return { value: sum, labels: labels.filter((label) => kept.includes(label)) };
}

/** Brings the axes into an order. */
function arrange(recorder: Recorder, { value, labels }: Labelled, order: Labels): Value {
  return recorder.kernel('Transpose', [value], { perm: order.map((label) => labels.indexOf(label)) });
}

function contract(recorder: Recorder, a: Labelled, b: Labelled, result: Labels): Labelled {
  const common = a.labels.filter((label) => b.labels.includes(label));
  const batch = common.filter((label) => result.includes(label));
  const contracted = common.filter((label) => !result.includes(label));
  const [freeA, freeB] = [a, b].map(({ labels }) => labels.filter((label) => !common.includes(label)));
  const sizes = ({ value, labels }: Labelled, of: Labels): number[] => of.map((label) => value.shape[labels.indexOf(label)]);
  const grouped = (operand: Labelled, groups: readonly Labels[]): Value =>
    recorder.reshape(
      arrange(recorder, operand, groups.flat()),
      groups.map((group) => sizeOf(sizes(operand, group))),
    );
  const operands = [grouped(a, [batch, freeA, contracted]), grouped(b, [batch, contracted, freeB])];
  const product = recorder.kernel('BatchMatMul', operands, { transposeA: false, transposeB: false });
  const shape = [...sizes(a, [...batch, ...freeA]), ...sizes(b, freeB)];
  return { value: recorder.reshape(product, shape), labels: [...batch, ...freeA, ...freeB] };
}

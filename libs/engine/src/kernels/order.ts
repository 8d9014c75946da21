/**
 * Positions of least and largest entries. Ties go to the lower position; positions have no derivative, values are read at
 * them by TakeAlongAxis.
 */
import { sizeOf, stridesOf } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType } from '../graph.ts';
import { axisAttribute, integerAttribute, requireRank, type Kernel } from '../kernel.ts';
import { offsets } from './offsets.ts';
import { noTangent } from './tangents.ts';

/** The first position along an axis whose entry no other entry beats. */
function extremePosition(name: string, beats: (a: number, b: number) => boolean): Kernel {
  return {
    name,
    arity: 1,
    infer([input], attributes) {
      requireRank(name, input, 1);
      const axis = axisAttribute(name, attributes, input.shape.length);
      return { shape: input.shape.toSpliced(axis, 1), dtype: 'int32', attributes: { axis } };
    },
    evaluate([input], { shape, attributes }) {
      const axis = attributes.axis as number;
      const strides = stridesOf(input.shape);
      return Float64Array.from(offsets(shape, strides.toSpliced(axis, 1)), (start) => {
        let best = 0;
        for (let i = 1; i < input.shape[axis]; i++)
          if (beats(input.data[start + i * strides[axis]], input.data[start + best * strides[axis]])) best = i;
        return best;
      });
    },
    vjp: () => [undefined],
    jvp: noTangent,
  };
}

const topKIndices: Kernel = {
  name: 'TopKIndices',
  arity: 1,
  infer([input], attributes) {
    requireRank('TopKIndices', input, 1);
    if (input.dtype === 'bool') throw new KernelError('TopKIndices', 'a numeric input', `${describeType(input)} (cast it first)`);
    const k = integerAttribute('TopKIndices', attributes, 'k', 1, input.shape[input.shape.length - 1] + 1);
    return { shape: [...input.shape.slice(0, -1), k], dtype: 'int32', attributes: { k } };
  },
  evaluate([{ data, shape: from }], { shape, attributes }) {
    const [k, width] = [attributes.k as number, from[from.length - 1]];
    const out = new Float64Array(sizeOf(shape));
    for (let row = 0; row * width < data.length; row++) {
      const entries = data.subarray(row * width, (row + 1) * width);
      const order = Array.from(entries, (_, i) => i).sort((i, j) => entries[j] - entries[i] || i - j);
      out.set(order.slice(0, k), row * k);
    }
    return out;
  },
  vjp: () => [undefined],
  jvp: noTangent,
};

/** ArgMax and ArgMin; TopKIndices: positions of the k largest entries of the last axis, largest first. */
export const orderKernels: readonly Kernel[] = [
  extremePosition('ArgMax', (a, b) => a > b),
  extremePosition('ArgMin', (a, b) => a < b),
  topKIndices,
];

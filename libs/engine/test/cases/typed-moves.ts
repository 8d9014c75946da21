/**
 * Cases of kernels that move or choose values, on integers and bools: labels, masks and indices, which devices for floats often lack.
 */
import { flags, positions, type CaseInput, type KernelCase } from './kernel-case.ts';

/** Beyond 2^24, where float32 no longer holds every integer. */
const integers = (shape: readonly number[]): CaseInput => ({ shape, dtype: 'int32', range: [-(2 ** 30), 2 ** 30] });

const moves = (of: string, input: (shape: readonly number[]) => CaseInput): readonly KernelCase[] => [
  { kernel: 'Transpose', title: `of ${of}`, inputs: [input([2, 3])], attributes: { perm: [1, 0] } },
  { kernel: 'Reshape', title: `of ${of}`, inputs: [input([2, 3])], attributes: { shape: [6] } },
  { kernel: 'BroadcastTo', title: `of ${of}`, inputs: [input([1, 3])], attributes: { shape: [2, 3] } },
  { kernel: 'Concat', title: `of ${of}`, inputs: [input([2, 3]), input([1, 3])], attributes: { axis: 0 } },
  { kernel: 'Slice', title: `of ${of}`, inputs: [input([4, 3])], attributes: { begin: [1, 0], size: [2, 2] } },
  { kernel: 'Reverse', title: `of ${of}`, inputs: [input([2, 3])], attributes: { axes: [1] } },
  { kernel: 'GatherV2', title: `of ${of}`, inputs: [input([4, 3]), positions([3], 4)], attributes: { axis: 0 } },
  { kernel: 'Select', title: `of ${of}`, inputs: [flags([2, 3]), input([2, 3]), input([2, 3])] },
  { kernel: 'Equal', title: `of ${of}`, inputs: [input([2, 3]), input([2, 3])] },
];

/** Cases on integers and bools. */
export const typedMoveCases: readonly KernelCase[] = [
  ...moves('large integers', integers),
  ...moves('bools', flags),
  {
    kernel: 'PadV2',
    title: 'of integers',
    inputs: [integers([2, 3])],
    attributes: {
      paddings: [
        [1, 0],
        [0, 2],
      ],
      value: 7,
    },
  },
  { kernel: 'TakeAlongAxis', title: 'of large integers', inputs: [integers([2, 4]), positions([2, 2], 4)], attributes: { axis: 1 } },
  { kernel: 'ArgMax', title: 'of integers', inputs: [{ shape: [3, 4], dtype: 'int32', below: 5 }], attributes: { axis: 1 } },
];

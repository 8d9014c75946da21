/**
 * Cases of rounding to 16 bits, ties and values beyond the format's range included. What it rounds to is not smooth.
 */
import { float, type KernelCase } from './kernel-case.ts';

/** Cases of RoundTo. */
export const roundToCases: readonly KernelCase[] = (['bfloat16', 'float16'] as const).flatMap((format) => [
  { kernel: 'RoundTo', title: `to ${format}`, inputs: [float([4, 5])], attributes: { format }, smooth: false },
  {
    kernel: 'RoundTo',
    title: `of small values to ${format}`,
    inputs: [float([40], { range: [-1e-5, 1e-5] })],
    attributes: { format },
    smooth: false,
  },
]);

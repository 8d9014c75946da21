/**
 * Cases of convolutions, pools and patches: strides, uneven pads, dilation, groups; windows that overlap, lie apart, or end
 * before the image does.
 */
import fc from 'fast-check';
import type { Attributes } from '@geodesic/engine';
import { randomCase } from './arbitraries.ts';
import { float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

interface ConvSample {
  readonly title: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly attributes: Attributes;
}

const plain: Attributes = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };

const convolutions: readonly ConvSample[] = [
  { title: 'same', x: [2, 4, 5, 2], w: [3, 3, 2, 3], y: [2, 4, 5, 3], attributes: plain },
  {
    title: 'strided, uneven pads, rows unused',
    x: [2, 6, 5, 1],
    w: [2, 3, 1, 2],
    y: [2, 3, 3, 2],
    attributes: { ...plain, strides: [2, 2], pads: [0, 1, 1, 2] },
  },
  { title: 'dilated', x: [1, 6, 6, 2], w: [2, 2, 2, 2], y: [1, 3, 4, 2], attributes: { ...plain, pads: [0, 0, 0, 0], dilations: [3, 2] } },
  { title: 'of groups', x: [2, 3, 3, 4], w: [2, 2, 2, 4], y: [2, 2, 2, 4], attributes: { ...plain, pads: [0, 0, 0, 0], groups: 2 } },
  {
    title: 'depthwise with a multiplier, strided',
    x: [1, 5, 5, 3],
    w: [3, 3, 1, 6],
    y: [1, 3, 3, 6],
    attributes: { ...plain, strides: [2, 2], groups: 3 },
  },
  { title: 'of many channels', x: [1, 4, 3, 6], w: [2, 3, 6, 1], y: [1, 3, 3, 1], attributes: { ...plain, pads: [0, 0, 1, 1] } },
  { title: 'of one pixel', x: [2, 3, 2, 3], w: [1, 1, 3, 2], y: [2, 3, 2, 2], attributes: { ...plain, pads: [0, 0, 0, 0] } },
];

const cases = convolutions.flatMap(({ title, x, w, y, attributes }): KernelCase[] => [
  { kernel: 'Conv2D', title, inputs: [float(x), float(w)], attributes },
  { kernel: 'Conv2DInputGrad', title, inputs: [float(w), float(y)], attributes: { ...attributes, size: x.slice(1, 3) } },
  { kernel: 'Conv2DFilterGrad', title, inputs: [float(x), float(y)], attributes: { ...attributes, kernel: w.slice(0, 2) } },
]);

interface PoolSample {
  readonly title: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly attributes: Attributes;
}

const pools: readonly PoolSample[] = [
  { title: 'by two', x: [2, 4, 6, 3], y: [2, 2, 3, 3], attributes: { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] } },
  {
    title: 'rows and columns left over',
    x: [1, 5, 7, 2],
    y: [1, 2, 2, 2],
    attributes: { kernel: [2, 3], strides: [2, 3], pads: [0, 0, 0, 0] },
  },
  { title: 'overlapping, padded', x: [2, 5, 4, 2], y: [2, 3, 2, 2], attributes: { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1] } },
  { title: 'apart', x: [1, 5, 5, 2], y: [1, 2, 2, 2], attributes: { kernel: [2, 2], strides: [3, 3], pads: [0, 0, 0, 0] } },
];

const poolCases = pools.flatMap(({ title, x, y, attributes }): KernelCase[] => [
  { kernel: 'MaxPool', title, inputs: [float(x, { kind: 'distinct' })], attributes },
  { kernel: 'MaxPoolTake', title, inputs: [float(x, { kind: 'distinct' }), float(x)], attributes },
  { kernel: 'MaxPoolPut', title, inputs: [float(x, { kind: 'distinct' }), float(y)], attributes },
  ...[false, true].flatMap((countPadding): KernelCase[] => [
    { kernel: 'AvgPool', title: `${title}, countPadding ${countPadding}`, inputs: [float(x)], attributes: { ...attributes, countPadding } },
    {
      kernel: 'AvgPoolGrad',
      title: `${title}, countPadding ${countPadding}`,
      inputs: [float(y)],
      attributes: { ...attributes, countPadding, size: x.slice(1, 3) },
    },
  ]),
]);

const patchCases = convolutions
  .filter(({ attributes }) => attributes.groups === 1)
  .flatMap(({ title, x, w, y, attributes: { strides, pads, dilations } }): KernelCase[] => {
    const attributes = { kernel: w.slice(0, 2), strides, pads, dilations } as Attributes;
    const rows = [...y.slice(0, 3), w[0] * w[1] * x[3]];
    return [
      { kernel: 'Patches', title, inputs: [float(x)], attributes },
      { kernel: 'PatchesGrad', title, inputs: [float(rows)], attributes: { ...attributes, size: x.slice(1, 3) } },
    ];
  });

/** Cases of convolutions, pools and patches. */
export const windowCases: readonly KernelCase[] = [...cases, ...poolCases, ...patchCases];

const upTo = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

const random = fc
  .record({
    batch: upTo(2),
    kernel: fc.tuple(upTo(3), upTo(3)),
    strides: fc.tuple(upTo(3), upTo(3)),
    dilations: fc.tuple(upTo(2), upTo(2)),
    pads: fc.tuple(upTo(2, 0), upTo(2, 0), upTo(2, 0), upTo(2, 0)),
    extra: fc.tuple(upTo(4, 0), upTo(4, 0)),
    channels: fc.tuple(upTo(2), upTo(2)),
    groups: upTo(2),
  })
  .map(({ batch, kernel, strides, dilations, pads, extra, channels, groups }) => {
    const reach = kernel.map((n, i) => dilations[i] * (n - 1) + 1);
    const size = reach.map((n, i) => Math.max(1, n + extra[i] - pads[2 * i] - pads[2 * i + 1]));
    const positions = size.map((n, i) => Math.floor((n + pads[2 * i] + pads[2 * i + 1] - reach[i]) / strides[i]) + 1);
    return {
      x: [batch, ...size, channels[0] * groups],
      w: [...kernel, channels[0], channels[1] * groups],
      y: [batch, ...positions, channels[1] * groups],
      attributes: { strides, pads, dilations, groups },
    };
  });

/** Random cases of convolutions. */
export const windowGenerators: readonly CaseGenerator[] = [
  { kernel: 'Conv2D', cases: random.map(({ x, w, attributes }) => randomCase('Conv2D', [float(x), float(w)], attributes)) },
  {
    kernel: 'Conv2DInputGrad',
    cases: random.map(({ x, w, y, attributes }) =>
      randomCase('Conv2DInputGrad', [float(w), float(y)], { ...attributes, size: x.slice(1, 3) }),
    ),
  },
  {
    kernel: 'Conv2DFilterGrad',
    cases: random.map(({ x, w, y, attributes }) =>
      randomCase('Conv2DFilterGrad', [float(x), float(y)], { ...attributes, kernel: w.slice(0, 2) }),
    ),
  },
];

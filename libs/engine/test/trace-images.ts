/**
 * Functions of tfjs on images that resize, cut, move and normalise, for comparison with eager tfjs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { spread, whole, type TraceCase } from './trace-spread.ts';

const images = spread([2, 4, 5, 3]);
const square = spread([1, 4, 4, 2]);
const four = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;

const on = (name: string, fn: (x: tf.Tensor4D) => tf.Tensor): TraceCase => [name, { images }, (inputs) => fn(four(inputs.images))];

function run(kernel: string, inputs: Record<string, tf.Tensor>, attributes: object): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes as tf.NamedAttrMap);
}

/** alignCorners, halfPixelCenters. */
const SAMPLINGS = [
  [false, false],
  [true, false],
  [false, true],
] as const;

const sizes = [
  [7, 3],
  [2, 11],
  [1, 5],
] as const;

const resizes: TraceCase[] = SAMPLINGS.flatMap(([corners, half]) =>
  sizes.flatMap(([height, width]) => [
    on(`resizeBilinear to ${height} x ${width}, ${corners}, ${half}`, (x) => tf.image.resizeBilinear(x, [height, width], corners, half)),
    on(`resizeNearestNeighbor to ${height} x ${width}, ${corners}, ${half}`, (x) =>
      tf.image.resizeNearestNeighbor(x, [height, width], corners, half),
    ),
  ]),
);

/** The cpu backend of tfjs has these gradients right for one square image only, and without half pixels. */
const gradients: TraceCase[] = ['ResizeBilinearGrad', 'ResizeNearestNeighborGrad'].flatMap((kernel) =>
  [false, true].map((alignCorners): TraceCase => [
    `${kernel}, alignCorners ${alignCorners}`,
    { square, dy: spread([1, 6, 6, 2], 50) },
    ({ square: x, dy }) => run(kernel, { images: x, dy }, { alignCorners, halfPixelCenters: false }),
  ]),
);

const boxes = { shape: [3, 4], values: [0, 0, 1, 1, 0.2, 0.1, 0.7, 0.9, -0.3, 0.4, 0.5, 1.2] };
const crops: TraceCase[] = (['bilinear', 'nearest'] as const).flatMap((method) =>
  (
    [
      [3, 4],
      [1, 2],
    ] as const
  ).map(([height, width]): TraceCase => [
    `cropAndResize to ${height} x ${width}, ${method}`,
    { images, boxes, which: whole([3], [1, 0, 1]) },
    ({ images: x, boxes: b, which }) =>
      tf.image.cropAndResize(four(x), b as tf.Tensor2D, which as tf.Tensor1D, [height, width], method, 0.25),
  ]),
);

const moves: TraceCase[] = [
  on('spaceToBatchND', (x) =>
    tf.spaceToBatchND(
      x,
      [2, 2],
      [
        [0, 0],
        [1, 2],
      ],
    ),
  ),
  [
    'batchToSpaceND',
    { x: spread([8, 2, 3, 1]) },
    ({ x }) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ),
  ],
  ['depthToSpace', { x: spread([2, 2, 3, 8]) }, ({ x }) => tf.depthToSpace(four(x), 2)],
  on('mirrorPad, reflect', (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 1],
        [2, 3],
        [0, 0],
        [1, 2],
      ],
      'reflect',
    ),
  ),
  on('mirrorPad, symmetric', (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 2],
        [4, 0],
        [0, 5],
        [0, 0],
      ],
      'symmetric',
    ),
  ),
  on('flipLeftRight', (x) => tf.image.flipLeftRight(x)),
  on('reverse of one axis', (x) => tf.reverse(x, 1)),
  on('stridedSlice, backwards', (x) => tf.stridedSlice(x, [1, 3, 4, 0], [-3, 0, 0, 3], [-1, -2, -3, 1])),
];

const normalisations: TraceCase[] = [
  on('localResponseNormalization', (x) => tf.localResponseNormalization(x, 1, 1, 0.5, 0.75)),
  [
    'LRNGrad',
    { images, dy: spread([2, 4, 5, 3], 70) },
    ({ images: x, dy }) => {
      const y = tf.localResponseNormalization(four(x), 1, 1, 0.5, 0.75);
      return run('LRNGrad', { x, y, dy }, { depthRadius: 1, bias: 1, alpha: 0.5, beta: 0.75 });
    },
  ],
];

/** All of them. */
export const imageCases: readonly TraceCase[] = [...resizes, ...gradients, ...crops, ...moves, ...normalisations];

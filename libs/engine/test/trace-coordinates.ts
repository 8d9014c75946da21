/**
 * Functions of tfjs that read and write at positions, order and count, and elementwise functions beside the common ones,
 * for comparison with eager tfjs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { spread, whole, type TraceCase } from './trace-spread.ts';

const matrix = spread([3, 5]);
const cube = spread([2, 3, 4]);
const ties = whole([2, 6], [3, 1, 3, 2, 1, 3, 0, 0, 5, 0, 5, 5]);
const numbers = { shape: [6], values: [Number.NaN, Infinity, -Infinity, 0, -1.5, 2] };

const order: TraceCase[] = [
  ['topk', { matrix }, (i) => Object.values(tf.topk(i.matrix, 3))],
  ['topk of all', { cube }, (i) => Object.values(tf.topk(i.cube, 4))],
  ['topk of ties', { ties }, (i) => Object.values(tf.topk(i.ties, 4))],
  ['argMin of ties', { ties }, (i) => tf.argMin(i.ties, 1)],
  ['argMin of an axis', { cube }, (i) => tf.argMin(i.cube, 0)],
  ...(['left', 'right'] as const).map((side): TraceCase => [
    `searchSorted, ${side}`,
    { rows: { shape: [2, 4], values: [0, 1, 1, 3, -2, -1, 0, 5] }, sought: { shape: [2, 3], values: [1, 0.5, 4, -2, 6, -3] } },
    (i) => tf.searchSorted(i.rows, i.sought, side),
  ]),
  ['lowerBound', { rows: spread([1, 1]), sought: spread([1, 3], 5) }, (i) => tf.lowerBound(i.rows, i.sought)],
];

const counts: TraceCase[] = [
  ['bincount', { x: whole([5], [0, 3, 1, 3, 9]), w: spread([5]) }, (i) => tf.bincount(i.x as tf.Tensor1D, i.w as tf.Tensor1D, 5)],
  [
    'denseBincount',
    { x: whole([2, 4], [0, 1, 1, 3, 2, 2, 2, 7]), w: spread([2, 4]) },
    (i) => tf.denseBincount(i.x as tf.Tensor2D, i.w as tf.Tensor2D, 4),
  ],
  [
    'denseBincount, binary',
    { x: whole([2, 4], [0, 1, 1, 3, 2, 2, 2, 7]), w: spread([2, 4]) },
    (i) => tf.denseBincount(i.x as tf.Tensor2D, i.w as tf.Tensor2D, 4, true),
  ],
];

const coordinates: TraceCase[] = [
  ['gatherND of entries', { cube, at: whole([2, 3], [0, 2, 1, 1, 0, 3]) }, (i) => tf.gatherND(i.cube, i.at)],
  ['gatherND of blocks', { cube, at: whole([2, 2, 1], [0, 1, 1, 1]) }, (i) => tf.gatherND(i.cube, i.at)],
  ['scatterND of rows', { at: whole([3, 1], [4, 0, 4]), rows: spread([3, 2]) }, (i) => tf.scatterND(i.at, i.rows, [5, 2])],
  ['scatterND of entries', { at: whole([2, 2], [1, 0, 0, 2]), rows: spread([2]) }, (i) => tf.scatterND(i.at, i.rows, [2, 3])],
  [
    'tensorScatterUpdate',
    { matrix, at: whole([2, 2], [1, 0, 2, 4]), rows: spread([2], 77) },
    (i) => tf.tensorScatterUpdate(i.matrix, i.at, i.rows),
  ],
  [
    'sparseToDense with a default',
    { at: whole([3], [4, 0, 2]), values: spread([3]) },
    (i) => tf.sparseToDense(i.at, i.values, [6], tf.scalar(0.5)),
  ],
  ['sparseToDense of one value', { at: whole([2, 2], [0, 1, 2, 2]), value: spread([]) }, (i) => tf.sparseToDense(i.at, i.value, [3, 3])],
  ['gather of a batch', { cube, at: whole([2, 5], [0, 2, 1, 1, 0, 2, 2, 0, 1, 0]) }, (i) => tf.gather(i.cube, i.at, 1, 1)],
  ['gather of a batch, an axis further', { cube, at: whole([2, 2], [3, 0, 1, 1]) }, (i) => tf.gather(i.cube, i.at, 2, 1)],
  [
    'unsortedSegmentSum of integers',
    { x: whole([4, 1], [1, 2, 3, 4]), ids: whole([4], [1, 0, 1, 2]) },
    (i) => tf.unsortedSegmentSum(i.x, i.ids as tf.Tensor1D, 3),
  ],
  ['unstack and stack', { cube }, (i) => tf.stack(tf.unstack(i.cube, 2), 0)],
];

const unit = { shape: [5], values: [-0.99, -0.5, 1e-4, 0.3, 0.97] };
const signs = { shape: [8], values: [1, 1, -1, -1, 0, 0, 2, -3] };
const others = { shape: [8], values: [2, -2, 2, -2, 1, -1, 0, 0] };

const elementwise: TraceCase[] = [
  ...[tf.asin, tf.acos, tf.atan, tf.tan, tf.sinh, tf.cosh, tf.asinh, tf.atanh].map((fn): TraceCase => [
    fn.name,
    { unit },
    (i) => fn(i.unit),
  ]),
  ['atan2 in all quadrants', { signs, others }, (i) => tf.atan2(i.signs, i.others)],
  ['tests of numbers', { numbers }, (i) => [tf.isNaN(i.numbers), tf.isInf(i.numbers), tf.isFinite(i.numbers)]],
  ['tests of integers', { ties }, (i) => [tf.isNaN(i.ties), tf.isInf(i.ties), tf.isFinite(i.ties)]],
  ['round, ceil and floor of ties', { x: { shape: [6], values: [-1.5, -0.5, 0.5, 1.5, 2.5, 2.4] } }, (i) => [tf.round(i.x), tf.ceil(i.x)]],
  [
    'mod and floorDiv of all signs',
    { a: { shape: [4], values: [5.5, -5.5, 5.5, -5.5] }, b: { shape: [4], values: [2, 2, -2, -2] } },
    (i) => [tf.mod(i.a, i.b), tf.floorDiv(i.a, i.b)],
  ],
  [
    'mod and floorDiv of integers',
    { a: whole([5], [7, -7, 7, -7, 6]), b: whole([5], [3, 3, -3, -3, 3]) },
    (i) => [tf.mod(i.a, i.b), tf.floorDiv(i.a, i.b)],
  ],
  ['EluGrad', { x: spread([6]), dy: spread([6], 8) }, (i) => tf.engine().runKernel('EluGrad', { dy: i.dy, y: tf.elu(i.x) })],
];

/** All of them. */
export const coordinateCases: readonly TraceCase[] = [...order, ...counts, ...coordinates, ...elementwise];

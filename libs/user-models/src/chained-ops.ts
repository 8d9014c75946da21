/**
 * The chained form of tfjs ops, `x.matMul(w).add(b)`: the package `@tensorflow/tfjs` attaches it, the core alone does not, and
 * tfjs-layers counts on it (its orthogonal initialiser flattens a matrix that way). Methods that exist are left as they are.
 */
import * as tf from '@tensorflow/tfjs-core';

type Method = (this: tf.Tensor, ...rest: never[]) => unknown;
type Op = (x: tf.Tensor, ...rest: never[]) => unknown;

/** Ops whose method takes the op's other arguments in the op's order. */
const SAME_ARGUMENTS = (
  'abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND broadcastTo cast ceil ' +
  'clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace depthwiseConv2d dilation2d div divNoNan dot elu ' +
  'equal erf euclideanNorm exp expandDims expm1 floor floorDiv gather greater greaterEqual isFinite isInf isNaN leakyRelu less ' +
  'lessEqual localResponseNormalization log log1p logSigmoid logSoftmax logSumExp logicalAnd logicalNot logicalOr logicalXor matMul ' +
  'max maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot onesLike pad pool pow prelu prod reciprocal relu ' +
  'relu6 reshape reverse round rsqrt selu separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt ' +
  'square squaredDifference squeeze step stridedSlice sub sum tan tanh tile topk transpose unsortedSegmentSum unstack zerosLike'
).split(' ');

/** Methods of another form than their op. */
const OTHERS: Readonly<Record<string, (x: tf.Tensor, ...rest: readonly never[]) => unknown>> = {
  asScalar: (x) => tf.reshape(x, []),
  asType: (x, dtype) => tf.cast(x, dtype),
  flatten: (x) => tf.reshape(x, [x.size]),
  reshapeAs: (x, other: tf.Tensor) => tf.reshape(x, other.shape),
  toBool: (x) => tf.cast(x, 'bool'),
  toFloat: (x) => tf.cast(x, 'float32'),
  toInt: (x) => tf.cast(x, 'int32'),
  concat: (x, others: tf.Tensor | tf.Tensor[], axis?: number) => tf.concat([x, ...(Array.isArray(others) ? others : [others])], axis),
  stack: (x, others: tf.Tensor | tf.Tensor[], axis?: number) => tf.stack([x, ...(Array.isArray(others) ? others : [others])], axis),
  where: (x, condition: tf.Tensor, other: tf.Tensor) => tf.where(condition, x, other),
};

/** Gives tensors the chained form of ops; calling it again changes nothing. */
export function attachChainedOps(): void {
  const prototype = tf.Tensor.prototype as unknown as Record<string, Method>;
  const ops = tf as unknown as Record<string, Op>;
  for (const name of SAME_ARGUMENTS) attach(prototype, name, ops[name]);
  for (const [name, op] of Object.entries(OTHERS)) attach(prototype, name, op);
}

function attach(prototype: Record<string, Method>, name: string, op: Op): void {
  if (name in prototype) return;
  prototype[name] = function (...rest) {
    return op(this, ...rest);
  };
}

/**
 * The kernels of tfjs that cannot be traced, and what to do instead. Together with the lowerings these are all kernels of
 * tfjs-core (a test compares), so nobody meets a kernel that nobody thought of.
 */

const DYNAMIC = 'the shape of its result depends on values; compute it before tracing and pass the result as an input';
const STRINGS = 'turn texts into numbers before tracing, e.g. into token ids, and pass them as an input';
const PIXELS = 'read images before tracing and pass them as an input';
const SUPPRESSION = 'choose boxes outside of the traced function, from the scores that it returns';
const BITS = 'use tf.mod and tf.floorDiv by powers of two';
const AUGMENT = 'transform images before tracing, or sample them with tf.image.cropAndResize, resizeBilinear or gather';

function each(kernels: string, remedy: string): [string, string][] {
  return kernels.split(' ').map((kernel) => [kernel, remedy]);
}

/** Remedies by tfjs kernel name. */
export const refusedKernels: ReadonlyMap<string, string> = new Map([
  ...each('Unique SparseFillEmptyRows SparseReshape RaggedGather RaggedRange RaggedTensorToTensor', DYNAMIC),
  ...each('SparseSegmentMean SparseSegmentSum', 'use tf.unsortedSegmentSum, whose number of segments is given'),
  ...each('StaticRegexReplace StringNGrams StringSplit StringToHashBucketFast', STRINGS),
  ...each('FromPixels Draw', PIXELS),
  ...each('NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5', SUPPRESSION),
  ...each('BitwiseAnd', BITS),
  ...each('RotateWithOffset Transform', AUGMENT),
  ['BroadcastArgs', 'shapes are static: use tf.broadcastTo with the shape written out'],
  ['LowerBound', 'call tf.lowerBound, which runs SearchSorted'],
  ['UpperBound', 'call tf.upperBound, which runs SearchSorted'],
  ['MatrixBandPart', 'call tf.linalg.bandPart, which runs other kernels'],
  ['Pool', 'call tf.pool, which runs MaxPool or AvgPool'],
  ['MaxPoolWithArgmax', 'use maxPool; positions of maxima come by comparing with the pooled value, repeated over its window'],
  ...each('MaxPool3D MaxPool3DGrad', 'pool the last two spatial axes with maxPool, then the first one'),
  ...each('AvgPool3D AvgPool3DGrad', 'pool the last two spatial axes with avgPool, then take the mean over the first one'),
  ...each(
    'Conv3D Conv3DBackpropFilterV2 Conv3DBackpropInputV2',
    'sum tf.conv2d over the depth of the filter, one slice of the images at a time',
  ),
  ...each('Dilation2D Dilation2DBackpropInput Dilation2DBackpropFilter', 'use maxPool, a dilation with a flat filter'),
]);

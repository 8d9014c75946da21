export {
  decodeSums,
  encodedSumsSize,
  encodeSums,
  findSegmentFault,
  roundSums,
  sameSegments,
  type CodedSegment,
  type SumsCodec,
} from './codecs/coded-sums.ts';
export { factorCodecs, roundTrip, type FactorCodec, type FactorCodecKind } from './codecs/factor-codec.ts';
export { LayoutError, ShapeError } from './errors.ts';
export { entryOf, makeLayout, viewOf, type Layout, type LayoutEntry } from './layout.ts';
export { linearCombination } from './linear-combination.ts';
export { broadcastShapes, sameShape, sizeOf, stridesOf, type Shape } from './shape.ts';
export { allocate, type DType, type NumericArray, type TensorData } from './tensor-data.ts';

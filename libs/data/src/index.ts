export type { CurvesOptions } from './curves.ts';
export { type Dataset, type DatasetOptions, type DigitsOptions, openDataset, type SplitOptions } from './dataset.ts';
export { DataError } from './errors.ts';
export type { IdxOptions } from './idx-images.ts';
export { bucketLengths, type LengthBuckets } from './length-buckets.ts';
export { OPTICAL_DIGITS_DIGEST } from './optical-digits.ts';
export { evaluationExamples, evaluationSlots, PADDING, slotExamples, type SlotRequest } from './slot-examples.ts';
export type { SpiralOptions } from './spiral.ts';
export type { Split, SplitName, TargetArray } from './split.ts';

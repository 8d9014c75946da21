export { type Dataset, type DatasetOptions, openDataset, type Split, type SplitName, type TargetArray } from './dataset.ts';
export { DataError } from './errors.ts';
export { bucketLengths, type LengthBuckets } from './length-buckets.ts';
export { OPTICAL_DIGITS_DIGEST } from './optical-digits.ts';
export {
  type BatchPlan,
  evaluationExamples,
  evaluationSlots,
  PADDING,
  slotExamples,
  slotOrdinals,
  type SlotRequest,
  slotRows,
  stepExamples,
  stepsPerEpoch,
} from './slot-examples.ts';

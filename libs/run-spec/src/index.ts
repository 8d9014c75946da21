export { canonicalJson, digestRunSpec } from './canonical-json.ts';
export { DATA_SOURCES } from './data-schema.ts';
export type { CurvesDataSpec, DataSpec, DigitsDataSpec, IdxDataSpec, SpiralDataSpec } from './data-types.ts';
export { didYouMean, nearest } from './did-you-mean.ts';
export { describeIssue, GroupMatchError, RunSpecError, type SpecIssue, type SpecPosition } from './errors.ts';
export { type GroupMember, namesMatching, type ResolvedGroup, resolveGroups } from './groups.ts';
export { isUserModel, MODEL_RECIPES, modelName } from './model-schema.ts';
export { mostKernelExamples } from './optimizer-checks.ts';
export { OPTIMIZER_METHODS } from './optimizer-schema.ts';
export { type DefaultGroups, freezeRunSpec, type ParseOptions, parseRunSpec, validateRunSpec } from './parse.ts';
export { defaultSlots, runSpecWarnings, slotPlan, type SlotPlan, type SpecWarning } from './slots.ts';
export { batchAt, examplesBefore, type StepBatch, totalSteps } from './batch-schedule.ts';
export type {
  AdamGroupSpec,
  FirstOrderGroupSpec,
  LbfgsGroupSpec,
  MuonGroupSpec,
  SgdGroupSpec,
  ShampooGroupSpec,
  SoapGroupSpec,
} from './first-order-types.ts';
export type { ScheduleSpec } from './group-identity.ts';
export type {
  CgGroupSpec,
  EkfacGroupSpec,
  FisherSpec,
  KernelGroupSpec,
  KfacGroupSpec,
  LayerwiseGroupSpec,
  MetricKfacGroupSpec,
  NaturalGroupSpec,
} from './natural-types.ts';
export type {
  CodecSpec,
  FixedSearchSpec,
  FrozenGroupSpec,
  GroupInput,
  GroupSpec,
  OptimizerSpec,
  QuadraticSearchSpec,
  SearchSpec,
} from './optimizer-types.ts';
export type {
  AutoencoderSpec,
  BatchSpec,
  CheckpointSpec,
  ClusterSpec,
  CnnClassifierSpec,
  FrozenRunSpec,
  InitSpec,
  KeepSpec,
  LayersModelSpec,
  LossSpec,
  MetricSpec,
  MlpClassifierSpec,
  ModelSpec,
  ModuleModelSpec,
  NdmClassifierSpec,
  ObjectiveSpec,
  RecipeSpec,
  RelaxedSpec,
  RunSpec,
  TransformerClassifierSpec,
  UserModelSpec,
} from './types.ts';

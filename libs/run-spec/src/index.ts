export { canonicalJson, digestRunSpec } from './canonical-json.ts';
export { didYouMean, nearest } from './did-you-mean.ts';
export { describeIssue, GroupMatchError, RunSpecError, type SpecIssue, type SpecPosition } from './errors.ts';
export { type GroupMember, type ResolvedGroup, resolveGroups } from './groups.ts';
export { isUserModel, MODEL_RECIPES, modelName } from './model-schema.ts';
export { OPTIMIZER_METHODS } from './optimizer-schema.ts';
export { type DefaultGroups, freezeRunSpec, type ParseOptions, parseRunSpec, validateRunSpec } from './parse.ts';
export { defaultSlots, runSpecWarnings, slotPlan, type SlotPlan, type SpecWarning, totalSteps } from './slots.ts';
export type {
  AdamGroupSpec,
  AutoencoderSpec,
  BatchSpec,
  ClusterSpec,
  CnnClassifierSpec,
  DataSpec,
  FrozenGroupSpec,
  FrozenRunSpec,
  GroupInput,
  GroupSpec,
  InitSpec,
  KfacGroupSpec,
  LayersModelSpec,
  LossSpec,
  MetricSpec,
  MlpClassifierSpec,
  ModelSpec,
  ModuleModelSpec,
  NdmClassifierSpec,
  ObjectiveSpec,
  RecipeSpec,
  RunSpec,
  ScheduleSpec,
  SgdGroupSpec,
  TransformerClassifierSpec,
  UserModelSpec,
} from './types.ts';

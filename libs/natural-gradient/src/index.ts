export type {
  AdamConfig,
  FrozenConfig,
  GroupConfig,
  KfacConfig,
  LayerKind,
  LayerRegistration,
  MethodConfig,
  Schedule,
  SgdConfig,
} from './config.ts';
export { type DampedInverse, type FailedFactor, invertDamped, type InvertDampedOptions } from './damped-inverse.ts';
export type { GroupRow } from './describe.ts';
export { solveExactlyDamped } from './eigenbasis-damping.ts';
export {
  CoverageError,
  MissingStatisticsError,
  NonFiniteError,
  type NonFiniteQuantity,
  OptimizerConfigError,
  SingularFactorError,
  StateError,
  StepInputError,
} from './errors.ts';
export { type DampedFactors, dampFactors } from './factored-damping.ts';
export { dumpFailedFactor, type FailedFactorObserver, type FailedLayerFactor, type MatrixDump } from './failed-factor.ts';
export { klScale } from './kl-clip.ts';
export { type KroneckerFactors, multiply, toDense } from './kronecker-factor.ts';
export { nextMean, nextWeight } from './moving-average.ts';
export { createOptimizer, type Optimizer, type OptimizerOptions, type StepInput, type StepOutput } from './optimizer.ts';
export { describeSchedule, learningRateAt } from './schedule.ts';
export { type StateTree, stateVersion } from './state.ts';

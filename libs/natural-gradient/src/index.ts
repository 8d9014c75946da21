export type {
  AdamConfig,
  BlockConfig,
  CgConfig,
  DiagonalConfig,
  EkfacConfig,
  FisherType,
  FrozenConfig,
  GroupConfig,
  KernelConfig,
  KfacConfig,
  LayerKind,
  LayerRegistration,
  LbfgsConfig,
  MethodConfig,
  MetricKfacConfig,
  MuonConfig,
  NaturalMethodConfig,
  QuadraticSearch,
  Schedule,
  SearchConfig,
  SgdConfig,
  ShampooConfig,
  SoapConfig,
} from './config.ts';
export {
  type Anchor,
  diagonalAnchor,
  type DiagonalAnchor,
  euclideanAnchor,
  type EuclideanAnchor,
  kroneckerAnchor,
  type KroneckerAnchor,
} from './continual/anchor.ts';
export { anchorBytes, type AnchorBytes } from './continual/anchor-bytes.ts';
export { anchorPenalty, type Penalty, type PenaltyOptions, totalPenalty } from './continual/anchor-penalty.ts';
export { anchorsFromTree, anchorsToTree } from './continual/anchor-tree.ts';
export { AnchorError, SingularPairError } from './continual/continual-errors.ts';
export { continualMeasures, type ContinualMeasures } from './continual/continual-measures.ts';
export { decomposePair, type KroneckerPair, type PairOptions, solvePair } from './continual/kronecker-pair.ts';
export { type FunctionalAnchor, functionalPenalty } from './continual/functional-anchor.ts';
export { mergeAnchorsApproximately, type MergedAnchor } from './continual/merge-anchors.ts';
export { extendBasis, projectOut } from './continual/orthogonal-gradient.ts';
export { createCurvature, type CurvatureConfig, supportedKinds } from './curvature/create-curvature.ts';
export type { Curvature, CurvatureTools, RefreshOptions, StatisticsBatch } from './curvature/curvature.ts';
export { BlockCurvature, type LayerBlock } from './curvature/block-curvature.ts';
export { type KroneckerFactors, multiply, toDense } from './curvature/kronecker-factor.ts';
export { inLockstep } from './curvature/lockstep.ts';
export { assignOwners, type LayerOwners, type OwnedWork, type OwnershipCost } from './curvature/ownership.ts';
export type { PlacedLayer } from './curvature/placed-layer.ts';
export { type DampedInverse, type FailedFactor, invertDamped, type InvertDampedOptions } from './damping/damped-inverse.ts';
export { solveExactlyDamped } from './damping/eigenbasis-damping.ts';
export { type DampedFactors, dampFactors } from './damping/factored-damping.ts';
export { dumpFailedFactor, type FailedFactorObserver, type FailedLayerFactor, type MatrixDump } from './damping/failed-factor.ts';
export { type CgOptions, createCg } from './descent/cg.ts';
export type { Descent, Direction, DirectionInput } from './descent/descent.ts';
export { checkKernelSize, type KernelSize } from './descent/kernel-size.ts';
export { createKernel, type KernelOptions, type KernelTools } from './descent/kernel.ts';
export type { GroupRow } from './describe.ts';
export {
  CoverageError,
  KernelSizeError,
  MissingStatisticsError,
  NegativeCurvatureError,
  NonFiniteError,
  type NonFiniteQuantity,
  OptimizerConfigError,
  RoundFailedError,
  SearchFailedError,
  SingularFactorError,
  SingularKernelError,
  StateError,
  StepInputError,
} from './errors.ts';
export { klScale } from './kl-clip.ts';
export type { LayerReport } from './layer-report.ts';
export type { LeastSquaresConfig } from './least-squares/config.ts';
export {
  createLeastSquares,
  type LeastSquares,
  type LeastSquaresInput,
  type LeastSquaresOutput,
  type LeastSquaresTools,
  passesOf,
} from './least-squares/levenberg-marquardt.ts';
export { nextMean, nextWeight } from './moving-average.ts';
export type { Precision } from './natural-group.ts';
export { createOptimizer, type Optimizer, type OptimizerOptions, type StepInput } from './optimizer.ts';
export type { Combination, FloatArray, Rejection, RoundRequest, Rounds, RoundTotals } from './rounds.ts';
export { describeSchedule, learningRateAt } from './schedule.ts';
export { combine } from './search/combine.ts';
export { type Coefficients, modelChange, type PlaneProducts, type QuadraticModel, solveModel } from './search/quadratic-model.ts';
export { dampingMove, movedDamping, type Reduction, reductionRatio } from './search/levenberg-marquardt.ts';
export type { GroupLayerReport, Measured, StepOutput, Update } from './search/search.ts';
export { type StateTree, stateVersion } from './state.ts';

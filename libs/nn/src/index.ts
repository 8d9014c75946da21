export { buildPrograms, type Programs } from './build-programs.ts';
export type { Captured, CapturedLayer, LayerUse, UncapturedParameter } from './capture/captured-layer.ts';
export { captureLayers, type CaptureOptions } from './capture/capture-layers.ts';
export { classificationTask, labelUniform } from './classification-task.ts';
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  lecunNormal,
  ones,
  orthogonal,
  truncatedNormal,
  zeros,
  type FanRule,
  type Fans,
  type WeightInitializer,
} from './initializers.ts';
export { layeredModel, type LayeredModelOptions, type SequenceMask } from './layered-model.ts';
export { emptyTables, joinTables, type ApplyOptions, type Layer, type ShapedLayer } from './layer.ts';
export * from './layers/index.ts';
export { lengthMask, maskedMean, maskedSum, paddingMask } from './length-mask.ts';
export * from './losses/index.ts';
export { ModelError } from './errors.ts';
export type { Chart, ForwardFunction, ForwardMode, Model, TensorFunction, Tensors } from './model.ts';
export { requireBlockSize, requireRoots } from './curvature/limits.ts';
export type { LayerCurvature, SearchPrograms } from './layer-curvature.ts';
export { diagonalCurvature, softmaxCurvature } from './output-curvature.ts';
export type { ProgramOptions } from './programs/program-options.ts';
export type { OutputCurvature, TargetType, Task } from './task.ts';
export * from './recipes/index.ts';
export { bernoulliTask, gaussianTask, poissonTask, sequenceTask, squaredErrorTask, type TaskOptions } from './tasks.ts';

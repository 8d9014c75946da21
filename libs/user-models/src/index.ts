/**
 * @geodesic/user-models: models that users bring, as tf.LayersModel or as an ES module, become the framework's Model.
 */
export { UserModelError, type UserModelProblem } from './errors.ts';
export type { FunctionModel, Outputs, WrittenParameter } from './functions/function-model.ts';
export type { WrittenInitializer } from './functions/written-initializer.ts';
export type { Weight, WeightUse } from './layers/weights.ts';
export { readLayersModel } from './layers/read-layers-model.ts';
export { exportLayersModel, type ExportOptions } from './layers/write-layers-model.ts';
export type { ModelContext } from './code/load-module.ts';
export { openUserModel, userModelDigest, type OpenedUserModel, type OpenOptions, type UserModelSource } from './open-user-model.ts';

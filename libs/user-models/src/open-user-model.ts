/**
 * A user's model, whatever its form: a tf.LayersModel in a file, or what an ES module exports. This is the only place where code of
 * a user runs; what comes out is the framework's Model, which is traced into graphs.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Model } from '@geodesic/nn';
import type { Shape } from '@geodesic/tensor';
import { UserModelError } from './errors.ts';
import { isLayersModel } from './layers/layer-tree.ts';
import { wrapLayersModel, type WrappedLayersModel } from './layers/model-of-layers.ts';
import { layersModelFiles, readLayersModel } from './layers/read-layers-model.ts';
import { layersTask, type LayersLoss, type LayersTaskName } from './layers/task-of-layers.ts';
import { modelOfFunction, type FunctionModel } from './functions/function-model.ts';
import { importModule, loadUserModule } from './code/load-module.ts';
import { filesDigest, moduleFiles } from './code/files.ts';
import { readyTfjs } from './ready-tfjs.ts';

/** Where a model comes from; paths are absolute. */
export type UserModelSource =
  | { readonly kind: 'module'; readonly path: string; readonly options: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'layers-model';
      /** Of model.json. */
      readonly path: string;
      /** A module that registers the model's own layer classes. */
      readonly customLayers?: string;
      readonly task: LayersTaskName;
    };

/** What the model is opened for. */
export interface OpenOptions {
  /** Shape of one example of the data. */
  readonly featureShape: Shape;
  /** K, classes of the data. */
  readonly classes: number;
  /** Share of a label spread over all classes while training, in [0, 1). */
  readonly labelSmoothing: number;
}

/** An opened model. */
export interface OpenedUserModel {
  readonly model: Model;
  /** Where the model is a tf.LayersModel: what `exportLayersModel` needs. */
  readonly layersModel?: { readonly model: LayersModel; readonly weights: WrappedLayersModel['weights'] };
}

/** 'sha256:<hex>' over the files that a model is made of. @throws {UserModelError} when one cannot be read */
export function userModelDigest(source: UserModelSource): string {
  return filesDigest(source.path, filesOf(source));
}

/**
 * Loads a user's model: imports the module, reads the weights, and traces the functions on a few rows.
 * @throws {UserModelError} naming what cannot be trained, where it stands and what to do
 */
export async function openUserModel(source: UserModelSource, options: OpenOptions): Promise<OpenedUserModel> {
  await readyTfjs();
  return source.kind === 'module' ? openModule(source, options) : openLayersFile(source, options);
}

function filesOf(source: UserModelSource): readonly string[] {
  if (source.kind === 'module') return moduleFiles(source.path);
  const { customLayers } = source;
  return [...layersModelFiles(source.path), ...(customLayers === undefined ? [] : moduleFiles(customLayers))];
}

async function openLayersFile(source: Extract<UserModelSource, { kind: 'layers-model' }>, options: OpenOptions): Promise<OpenedUserModel> {
  const { path, customLayers, task } = source;
  if (customLayers !== undefined) await importModule(customLayers, moduleFiles(customLayers));
  const subject = path;
  return wrapped(
    { model: await readLayersModel(path), again: await readLayersModel(path), loss: { task }, code: { subject, files: filesOf(source) } },
    options,
  );
}

async function openModule(
  { path, options: own }: Extract<UserModelSource, { kind: 'module' }>,
  options: OpenOptions,
): Promise<OpenedUserModel> {
  const files = moduleFiles(path);
  const { featureShape, classes } = options;
  const module = await loadUserModule(path, files);
  const create = (): Promise<unknown> => module.create({ options: own, data: { featureShape, classes } });
  const [made, again] = [await create(), await create()];
  const code = { subject: path, files };
  if (isLayersModel(made)) return wrapped({ model: made, again: again as LayersModel, loss: {}, code }, options);
  const { layersModel, ...loss } = made as { readonly layersModel?: unknown } & LayersLoss;
  if (isLayersModel(layersModel)) {
    const twin = (again as { readonly layersModel: LayersModel }).layersModel;
    return wrapped({ model: layersModel, again: twin, loss, code }, options);
  }
  if (isModel(made)) return { model: made };
  if (isFunctionModel(made)) return { model: modelOfFunction(made, { ...options, code }) };
  throw new UserModelError({
    subject: path,
    expected: 'model to be { parameters, forward }, a tf.LayersModel, or { layersModel, loss }',
    got: typeof made === 'object' && made !== null ? `an object with ${Object.keys(made).join(', ') || 'nothing'}` : String(made),
    remedy: 'return one of these from model(context)',
  });
}

interface WrapRequest {
  readonly model: LayersModel;
  readonly again: LayersModel;
  readonly loss: LayersLoss;
  readonly code: { readonly subject: string; readonly files: readonly string[] };
}

function wrapped({ model, again, loss, code }: WrapRequest, options: OpenOptions): OpenedUserModel {
  const { task, output } = layersTask(model, loss, { ...options, code });
  const found = wrapLayersModel({ model, again, featureShape: options.featureShape, task, output, code });
  return { model: found.model, layersModel: { model, weights: found.weights } };
}

function isModel(value: unknown): value is Model {
  const { parameters, forward, task } = (value ?? {}) as Partial<Model>;
  return Array.isArray(parameters) && typeof forward === 'function' && typeof task === 'object';
}

function isFunctionModel(value: unknown): value is FunctionModel {
  const { parameters, forward } = (value ?? {}) as Partial<FunctionModel>;
  return typeof parameters === 'object' && parameters !== null && typeof forward === 'function';
}

/**
 * Reads a tf.LayersModel from disk: model.json (topology and weights manifest) and its weight shards, the format of
 * `model.save('file://..')` and of tensorflowjs_converter.
 */
import type { io } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { dirname, resolve } from 'node:path';
import { UserModelError } from '../errors.ts';
import { readUserFile } from '../code/files.ts';
import { readyTfjs } from '../ready-tfjs.ts';

/** The parts of model.json that are read here. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology?: object;
  readonly weightsManifest?: readonly { readonly paths: readonly string[]; readonly weights: readonly io.WeightsManifestEntry[] }[];
}

/** Absolute paths of model.json and of the shards that it names. @throws {UserModelError} when it is not a layers model */
export function layersModelFiles(path: string): readonly string[] {
  const { weightsManifest = [] } = readModelJson(path);
  return [resolve(path), ...shardsOf(path, weightsManifest)];
}

/**
 * Loads a model; without weights in the file its initialisers draw them. Custom layers must have been registered.
 * @throws {UserModelError} when a file is missing, is no layers model, or names a layer that is not known
 */
export async function readLayersModel(path: string): Promise<tfl.LayersModel> {
  const { modelTopology, weightsManifest = [] } = readModelJson(path);
  const artifacts: io.ModelArtifacts = { modelTopology: modelTopology! };
  if (weightsManifest.length > 0) {
    const bytes = Buffer.concat(shardsOf(path, weightsManifest).map(readUserFile));
    artifacts.weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
    artifacts.weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  await readyTfjs();
  try {
    return await tfl.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const remedy = 'register custom layers in a module and name it as customLayers';
    throw new UserModelError({ subject: path, expected: 'a layers model that can be loaded', got, remedy, cause: error });
  }
}

function readModelJson(path: string): ModelJson {
  const text = readUserFile(path).toString('utf8');
  let json: ModelJson;
  try {
    json = JSON.parse(text) as ModelJson;
  } catch (error) {
    throw new UserModelError({
      subject: path,
      expected: 'JSON',
      got: (error as Error).message,
      remedy: 'save the model again',
      cause: error,
    });
  }
  if (json.format !== 'graph-model' && typeof json.modelTopology === 'object') return json;
  throw new UserModelError({
    subject: path,
    expected: 'a layers model (modelTopology and weightsManifest)',
    got: json.format ?? 'something else',
    remedy: 'save it with model.save(), or convert the Keras model with --output_format tfjs_layers_model; a graph model cannot be trained',
  });
}

function shardsOf(path: string, manifest: NonNullable<ModelJson['weightsManifest']>): string[] {
  return manifest.flatMap(({ paths }) => paths.map((shard) => resolve(dirname(path), shard)));
}

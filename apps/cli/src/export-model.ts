/**
 * From a checkpoint of a run back to a tf.LayersModel: the spec names the model, the checkpoint holds its parameters by name and its
 * committed state as one vector.
 */
import { dirname } from 'node:path';
import { CheckpointError, readCheckpoint, type Checkpoint, type StoredTensor } from '@geodesic/checkpoint';
import { stateLayout, type StateEntry } from '@geodesic/engine';
import { isUserModel, modelName, type RunSpec } from '@geodesic/run-spec';
import { viewOf } from '@geodesic/tensor';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { openSpecData } from './spec-data.ts';
import { sourceOf } from './user-model.ts';

/** What is exported where. */
export interface ExportRequest {
  readonly spec: RunSpec;
  /** Paths of the spec are relative to its folder. */
  readonly specPath: string;
  /** Folder of a checkpoint, such as `runs/x/checkpoints/step-000060`. */
  readonly checkpoint: string;
  /** Folder that receives model.json and weights.bin. */
  readonly folder: string;
}

/** What was written. */
export interface ExportedModel {
  /** Path of model.json. */
  readonly path: string;
  readonly weights: number;
}

/**
 * Opens the model, which runs a user's module, and writes it with the values of the checkpoint.
 * @throws {CliError} EXPORT when the model is no tf.LayersModel or the checkpoint is not one of it, CHECKPOINT_* when it cannot be read
 * @throws {UserModelError} when the model cannot be opened
 */
export async function exportModel({ spec, specPath, checkpoint, folder }: ExportRequest): Promise<ExportedModel> {
  if (!isUserModel(spec.model)) throw notLayers(modelName(spec.model));
  const { exportLayersModel, openUserModel } = await import('@geodesic/user-models');
  const { featureShape, classes } = openSpecData(spec.data, dirname(specPath)).dataset;
  const source = sourceOf(spec.model, dirname(specPath));
  const { model, layersModel } = await openUserModel(source, { featureShape, classes, labelSmoothing: spec.loss.labelSmoothing });
  if (!layersModel) throw notLayers(modelName(spec.model));
  const read = await readCheckpoint(checkpoint).catch(rethrowCheckpointError);
  const values = new Map([...parametersOf(read), ...stateOf(read, model.state)]);
  const missing = model.parameters.find(({ name }) => !values.has(name));
  if (missing)
    throw refused(`${checkpoint}: expected a value of ${missing.name}, got a checkpoint without one`, 'name a checkpoint of this spec');
  return { path: await exportLayersModel({ ...layersModel, values, folder }), weights: values.size };
}

function parametersOf({ files }: Checkpoint): (readonly [string, Float32Array])[] {
  const tensors = files.get('parameters.safetensors')?.tensors ?? new Map<string, StoredTensor>();
  return [...tensors].map(([name, { data }]) => [name, Float32Array.from(data)] as const);
}

function stateOf({ files }: Checkpoint, table: readonly StateEntry[]): (readonly [string, Float32Array])[] {
  const layout = stateLayout(table);
  const stored = files.get('state.safetensors')?.tensors.get('state');
  if (stored?.data.length !== layout.size) return [];
  const state = Float32Array.from(stored.data);
  return layout.entries.map(({ name }) => [name, viewOf(layout, state, name)] as const);
}

function rethrowCheckpointError(error: unknown): never {
  if (!(error instanceof CheckpointError)) throw error;
  const hint = 'name a folder such as runs/<run>/checkpoints/step-000060';
  throw new CliError({ code: error.code, message: error.message, hint, exitCode: EXIT.usage, cause: error });
}

function notLayers(name: string): CliError {
  const hint = 'parameters.safetensors of the checkpoint holds the parameters of any model by their names';
  return refused(`model ${name}: expected a tf.LayersModel to export to, got another kind of model`, hint);
}

function refused(message: string, hint: string): CliError {
  return new CliError({ code: 'EXPORT', message, hint, exitCode: EXIT.usage });
}

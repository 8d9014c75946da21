/**
 * Writes a trained model back as tf.loadLayersModel reads it: model.json beside weights.bin, and the shards of nothing else.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { UserModelError } from '../errors.ts';
import { override, withOverrides } from '../overrides.ts';
import { nameInRun, type Weight } from './weights.ts';

/** What is written where. */
export interface ExportOptions {
  readonly model: LayersModel;
  /** The weights of the model under the names that the run knows. */
  readonly weights: readonly Weight[];
  /** Values by the names of the run's parameters and state entries, row-major; weights that are missing keep what they have. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Made if it does not exist. */
  readonly folder: string;
}

/** Writes the model and returns the path of its model.json; the model itself is not changed. @throws {UserModelError} for values that fit no weight */
export async function exportLayersModel({ model, weights, values, folder }: ExportOptions): Promise<string> {
  for (const name of values.keys()) requireKnown(name, weights);
  const trained = weights.flatMap((weight) => {
    const found = values.get(nameInRun(weight) ?? '');
    return found === undefined ? [] : [override(weight.variable, { read: () => tensorOf(weight, found) })];
  });
  const path = join(folder, 'model.json');
  await mkdir(folder, { recursive: true });
  // save() reads the variables before its first await.
  await withOverrides(trained, () => model.save({ save: (artifacts) => write(folder, artifacts) }));
  return path;
}

async function write(folder: string, artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> {
  const { modelTopology, format, generatedBy, convertedBy, weightSpecs = [], weightData } = artifacts;
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  const data = tf.io.CompositeArrayBuffer.join(weightData);
  await writeFile(join(folder, 'weights.bin'), new Uint8Array(data));
  await writeFile(join(folder, 'model.json'), `${JSON.stringify({ modelTopology, format, generatedBy, convertedBy, weightsManifest })}\n`);
  return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
}

function requireKnown(name: string, weights: readonly Weight[]): void {
  const known = weights.flatMap((weight) => nameInRun(weight) ?? []);
  if (known.includes(name)) return;
  throw new UserModelError({
    subject: name,
    expected: `a weight of the model: ${known.join(', ')}`,
    got: 'another name',
    remedy: 'export the model that was trained',
  });
}

function tensorOf({ name, variable }: Weight, values: Float32Array): tf.Tensor {
  const shape = variable.shape as number[];
  const size = shape.reduce((product, length) => product * length, 1);
  if (values.length === size) return tf.tensor(values, shape);
  throw new UserModelError({
    subject: name,
    expected: `${size} values`,
    got: String(values.length),
    remedy: 'export the model that was trained',
  });
}

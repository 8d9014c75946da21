/**
 * The model that a user brings, opened where the bundle is built and nowhere else. Paths of a spec are relative to its folder.
 */
import { resolve } from 'node:path';
import type { Model } from '@geodesic/nn';
import { isUserModel, RunSpecError, type GroupInput, type RunSpec, type UserModelSpec } from '@geodesic/run-spec';
import type { UserModelSource } from '@geodesic/user-models';
import { openSpecData } from './spec-data.ts';

/** An opened model. */
export interface PreparedModel {
  readonly model: Model;
  /** Of the files that it is made of; goes into the frozen spec. */
  readonly digest: string;
}

/**
 * Opens the model of a spec, if a user brings it: runs the user's module.
 *
 * @param folder of the spec
 * @throws {UserModelError} what cannot be trained
 * @throws {RunSpecError} when the spec names another digest than that of the files
 */
export async function prepareUserModel(spec: RunSpec, folder: string): Promise<PreparedModel | undefined> {
  if (!isUserModel(spec.model)) return undefined;
  const { openUserModel, userModelDigest } = await import('@geodesic/user-models'); // loads tfjs-layers, which recipes do without
  const source = sourceOf(spec.model, folder);
  const digest = userModelDigest(source);
  requireDigest(spec.model, digest);
  const { featureShape, classes } = openSpecData(spec.data, folder).dataset;
  const { model } = await openUserModel(source, { featureShape, classes, labelSmoothing: spec.loss.labelSmoothing });
  return { model, digest };
}

/** The groups of a user's model: Fisher K-FAC for the layers that a trace shows, where the task has a Fisher matrix; Adam for the rest. */
export function userModelGroups({ layers, parameters, task }: Model): readonly GroupInput[] {
  const adam: GroupInput = { name: 'rest', match: ['**'], method: 'adam' };
  // K-FAC takes layers whose two factors are full matrices; embeddings and norms go with the rest.
  const factored = layers.filter(({ kind }) => kind === 'dense' || kind === 'conv');
  if (!task.sampled || factored.length === 0) return [{ ...adam, name: 'all' }];
  const kfac: GroupInput = { name: 'layers', match: factored.map(({ name }) => name), method: 'kfac', damping: 0.1 };
  const captured = factored.reduce((count, { bias }) => count + (bias ? 2 : 1), 0);
  return captured === parameters.length ? [kfac] : [kfac, adam];
}

/** Where a spec's model comes from; `folder` is that of the spec. */
export function sourceOf(model: UserModelSpec, folder: string): UserModelSource {
  if ('module' in model) return { kind: 'module', path: resolve(folder, model.module), options: model.options };
  const { layersModel, customLayers, task } = model;
  const custom = customLayers === undefined ? {} : { customLayers: resolve(folder, customLayers) };
  return { kind: 'layers-model', path: resolve(folder, layersModel), ...custom, task };
}

function requireDigest({ digest }: UserModelSpec, found: string): void {
  if (digest === undefined || digest === found) return;
  const hint = 'the files have changed since the spec was frozen: take the digest out to train what they are now';
  throw new RunSpecError([{ path: 'model.digest', expected: digest, got: found, hint }], 'run spec');
}

/**
 * Loads a user's ES module and reads its export `model`: a value, or a function of what is known about the run.
 */
import { pathToFileURL } from 'node:url';
import * as tfCore from '@tensorflow/tfjs-core';
import * as tfLayers from '@tensorflow/tfjs-layers';
import { stopGradient } from '@geodesic/engine/trace';
import type { Shape } from '@geodesic/tensor';
import { UserModelError } from '../errors.ts';
import { placeOf } from './place.ts';

/** What a module's `model(context)` is told. */
export interface ModelContext {
  /** `model.options` of the run spec. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly data: {
    /** Shape of one example. */
    readonly featureShape: Shape;
    /** K */
    readonly classes: number;
  };
  /** TensorFlow.js, ops and layers, for modules without a copy of their own. */
  readonly tf: Omit<typeof tfCore, 'default'> & Omit<typeof tfLayers, 'default'>;
  /** A tensor as a constant to differentiation, for functions whose gradient is not that of their value; tfjs has no such op. */
  readonly stopGradient: typeof stopGradient;
}

/** A loaded module. */
export interface UserModule {
  /** Calls `model`, again at every call. @throws {UserModelError} for anything that it throws */
  create(context: Pick<ModelContext, 'options' | 'data'>): Promise<unknown>;
}

/** Imports a module. @throws {UserModelError} when it cannot be loaded or has no export `model` */
export async function loadUserModule(path: string, files: readonly string[]): Promise<UserModule> {
  const loaded = await importModule(path, files);
  const { model } = loaded;
  if (model === undefined) {
    const got = Object.keys(loaded).join(', ') || 'none';
    throw new UserModelError({
      subject: path,
      expected: 'an export named model',
      got,
      remedy: 'write export function model(context) { ... }',
    });
  }
  const tf = { ...tfCore, ...tfLayers };
  return {
    create: async (context) => {
      if (typeof model !== 'function') return model;
      try {
        return await (model as (context: ModelContext) => unknown)({ ...context, tf, stopGradient });
      } catch (error) {
        throw failed(`${path}: model(context)`, error, files);
      }
    },
  };
}

/** Imports a module for what it does, such as registering layers. @throws {UserModelError} when it cannot be loaded */
export async function importModule(path: string, files: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw failed(path, error, files);
  }
}

function failed(subject: string, error: unknown, files: readonly string[]): UserModelError {
  if (error instanceof UserModelError) return error;
  const place = placeOf(error, files);
  const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  const remedy = missing
    ? 'install the package beside the module, or take TensorFlow.js from the context: model({ tf })'
    : 'mend the module';
  return new UserModelError({ subject, expected: 'to load', got, remedy, ...(place !== undefined && { place }), cause: error });
}

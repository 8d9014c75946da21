/**
 * Finds the trainer factory: the module trainer.js beside this one. Tests of the cluster put another module in its place by naming
 * its path in GEODESIC_TRAINER_MODULE. The module is loaded with the first run, so that a coordinator listens at once.
 */
import { pathToFileURL } from 'node:url';
import type { TrainerFactory } from './run-meta.ts';

/** The factory that `createTrainer` of the module provides. */
export async function loadTrainerFactory(): Promise<TrainerFactory> {
  const path = process.env['GEODESIC_TRAINER_MODULE'];
  const url = path === undefined ? new URL('trainer.js', import.meta.url).href : pathToFileURL(path).href;
  const module = (await import(url)) as { readonly createTrainer?: TrainerFactory };
  if (module.createTrainer === undefined) throw new TypeError(`${url}: expected an export createTrainer, got none`);
  return module.createTrainer;
}

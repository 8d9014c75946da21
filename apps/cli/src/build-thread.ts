/**
 * The thread in which a run's model is traced; see build-in-thread.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { buildBundle } from './build-bundle.ts';
import type { BuildAnswer, BuildRequest } from './build-in-thread.ts';
import { toCliError } from './errors.ts';
import { asSpecError } from './load-spec.ts';

const { spec, specPath } = workerData as BuildRequest;

function answer(): BuildAnswer {
  try {
    return { built: buildBundle(spec) };
  } catch (error) {
    const { code, message, hint, exitCode, stack = '' } = toCliError(asSpecError(specPath, error));
    return { failure: { code, message, hint, exitCode }, stack };
  }
}

parentPort?.postMessage(answer());

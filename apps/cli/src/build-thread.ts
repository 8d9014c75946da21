/**
 * The thread in which a run's model is traced, and in which a user's module runs; see build-in-thread.ts.
 */
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import { resolveEngine } from '@geodesic/engine/executors';
import { answerFromThread } from './ask-thread.ts';
import { buildBundle, type BuiltBundle } from './build-bundle.ts';
import type { BuildRequest } from './build-in-thread.ts';
import { prepareUserModel } from './user-model.ts';

const { spec, specPath, folder = dirname(specPath) } = workerData as BuildRequest;

await answerFromThread(specPath, async (): Promise<BuiltBundle> => {
  const engine = await resolveEngine(spec.engine, spec);
  return buildBundle(spec, await prepareUserModel(spec, folder), { folder, engine });
});

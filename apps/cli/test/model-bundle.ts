/** The bundle of a model that is made by a test, as that of a user's model. */
import type { Model } from '@geodesic/nn';
import { buildBundle } from '../src/build-bundle.ts';
import { specOf } from './run-in-process.ts';

/** What of the spec matters. */
export interface ModelRun {
  /** Options of the only group. */
  readonly group?: object;
  readonly groups?: readonly object[];
  readonly search?: object | undefined;
  /** Anything else, such as `batch`. */
  readonly spec?: object;
}

/** Small batches of the spiral by the reference engine, unless `spec` says otherwise. @throws what the spec or the model cannot do */
export function bundleOfModel(
  model: Model,
  { group, groups = [{ name: 'all', match: ['**'], ...group }], search, spec }: ModelRun,
): Uint8Array {
  const written = {
    name: 'model-bundle',
    seed: 3,
    model: { module: './model.mjs' },
    data: { source: 'spiral', points: 90 },
    batch: { examples: 45, slots: 4 },
    steps: 10,
    evaluate: { every: 0 },
    engine: 'reference',
    ...spec,
    optimizer: { ...(search && { search }), groups },
  };
  return buildBundle(specOf(written), { model, digest: `sha256:${'0'.repeat(64)}` }).bundle;
}

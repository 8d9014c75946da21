/** What the guarantee tests train: the examples with their real optimisers, shortened, and the coordinator's fixture where work is controlled. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseRunSpec } from '@geodesic/run-spec';
import { buildBundle } from '../../../src/build-bundle.ts';
import { defaultGroups } from '../../../src/recipes.ts';
import type { Environment } from './child.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Has coordinator and workers run the fixture of the coordinator's tests. */
export const FIXTURE_ENVIRONMENT: Environment = {
  GEODESIC_TRAINER_MODULE: here('../../../../coordinator/test/fixtures/trainer.mjs'),
  GEODESIC_SLOT_PROGRAM_MODULE: here('../../../../coordinator/test/fixtures/slot-program.mjs'),
};

/** The same, with workers whose slots take so many ms each, without a processor; what they compute is the same. */
export function pacedEnvironment(milliseconds: number): Environment {
  return {
    ...FIXTURE_ENVIRONMENT,
    GEODESIC_SLOT_PROGRAM_MODULE: here('../fixtures/paced-program.mjs'),
    PACED_PROGRAM: FIXTURE_ENVIRONMENT['GEODESIC_SLOT_PROGRAM_MODULE'],
    PACE_MS: String(milliseconds),
  };
}

/** What of the fixture a test chooses; see apps/coordinator/test/fixtures/trainer.mjs. */
export interface FixtureSpec {
  readonly steps?: number;
  readonly slots?: number;
  readonly parameters?: number;
  readonly work?: number;
  readonly checkpointEvery?: number;
  readonly leaseMs?: number;
  readonly heartbeatMs?: number;
  readonly quarantineMs?: number;
  /** Steps of several rounds, with broadcast directions and combined updates. */
  readonly quadratic?: boolean;
  readonly failOnce?: number;
  readonly exactness?: 'exact' | 'relaxed';
}

/** The fixture's bundle; `work` idle passes a slot. */
export function fixtureBundle(spec: FixtureSpec): Uint8Array {
  const defaults = { name: 'fixture', steps: 30, slots: 8, parameters: 500, work: 0, heartbeatMs: 50 };
  return new TextEncoder().encode(JSON.stringify({ ...defaults, ...spec }));
}

/** `digits-kfac-adaptive` (momentum, EMA factors, phases grad-stats, quad and trial, rejected steps) or `digits-ndm`. */
export type ExampleName = 'digits-kfac-adaptive' | 'digits-ndm' | 'digits-mlp';

/** An example with values replaced at their paths, as `--set` does: `exampleBundle('digits-ndm', { steps: 8, 'cluster.leaseMs': 500 })`. */
export function exampleBundle(name: ExampleName, changes: Readonly<Record<string, unknown>> = {}): Uint8Array {
  const text = readFileSync(here(`../../../../../examples/${name}.yaml`), 'utf8');
  const overrides = Object.entries(changes).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
  return buildBundle(parseRunSpec(text, { format: 'yaml', defaultGroups, overrides })).bundle;
}

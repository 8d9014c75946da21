/**
 * Whether the checkpoints of a run are whole, and hold the parameters that the log says: every file and chunk by its digest, the chain by
 * the log's, the parameters by their digest and checksum.
 */
import { CheckpointError, paramsDigest, type Checkpoint, type CheckpointStore } from '@geodesic/checkpoint';
import { parametersChecksum, type LogView } from '@geodesic/cluster';
import { resumedRun } from '@geodesic/coordinator/trainer';
import type { Layout } from '@geodesic/tensor';

/** What is known of one checkpoint. */
export interface VerifiedCheckpoint {
  readonly step: number;
  /** Number of updates behind it; undefined where it cannot be read. */
  readonly version?: number;
  /** '' where it cannot be read. */
  readonly paramsDigest: string;
  readonly faults: readonly string[];
}

/** Where the parameters stood after some number of updates, as the log says. */
interface LoggedPosition {
  readonly step: number;
  readonly chain: string;
  readonly checksum: string;
}

/** Checks these checkpoints, one at a time. O(bytes) */
export async function verifyCheckpoints(
  store: CheckpointStore,
  steps: readonly number[],
  { view, layout }: { readonly view: LogView; readonly layout: Layout },
): Promise<readonly VerifiedCheckpoint[]> {
  const positions = positionsOf(view);
  const verified: VerifiedCheckpoint[] = [];
  for (const step of steps) {
    try {
      verified.push(verifyCheckpoint(await store.read(step), { step, run: view.run.run, positions, layout }));
    } catch (error) {
      // A run that goes on lets checkpoints go.
      if (error instanceof CheckpointError && error.fault === 'missing' && !(await store.list()).includes(step)) continue;
      verified.push({ step, paramsDigest: '', faults: [`checkpoint ${step}: ${error instanceof Error ? error.message : String(error)}`] });
    }
  }
  return verified;
}

interface Expected {
  readonly step: number;
  readonly run: string;
  readonly positions: ReadonlyMap<number, LoggedPosition>;
  readonly layout: Layout;
}

/** @throws {CoordinatorError} CHECKPOINT_UNFIT when it is not one of this run's model */
function verifyCheckpoint({ manifest, files }: Checkpoint, { step, run, positions, layout }: Expected): VerifiedCheckpoint {
  const faults: string[] = [];
  const expect = (what: string, expected: unknown, got: unknown): void => {
    if (got !== expected) faults.push(`checkpoint ${step}: expected ${what} ${String(expected)}, got ${String(got)}`);
  };
  const { parameters } = resumedRun(files, { step, layout });
  const { facts } = manifest;
  const digest = paramsDigest(layout, parameters);
  expect('run', run, facts['run']);
  expect('step', step, facts['step']);
  expect('paramsDigest', digest, facts['paramsDigest']);
  const logged = positions.get(facts['version'] as number);
  if (logged === undefined) faults.push(`checkpoint ${step}: expected a version of the log, got ${String(facts['version'])}`);
  else {
    expect('step of its version', logged.step, facts['step']);
    expect('chain', logged.chain, facts['chain']);
    expect('checksum', logged.checksum, facts['checksum']);
    expect('checksum of the parameters', logged.checksum, parametersChecksum(parameters));
  }
  return { step, version: manifest.facts['version'] as number, paramsDigest: digest, faults };
}

function positionsOf({ run, commits }: LogView): ReadonlyMap<number, LoggedPosition> {
  const { step: first = 0, version = 0, chain, checksum } = run;
  const positions = new Map([[version, { step: first, chain, checksum }]]);
  let step = first;
  for (const commit of commits) {
    if (commit.type === 'step') step = commit.step;
    const position = commit.type === 'step' ? commit : commit.position;
    if (position) positions.set(position.version, { step, chain: position.chain, checksum: position.checksum });
  }
  return positions;
}

/**
 * Everything that a run folder says of its run, held against everything else in it. Reads only; the run may be under way.
 */
import { readFile } from 'node:fs/promises';
import { CheckpointStore, contentDigest } from '@geodesic/checkpoint';
import { verifyLog, type LogReport } from '@geodesic/cluster';
import { digestRunSpec, validateRunSpec } from '@geodesic/run-spec';
import { RunFolder } from '@geodesic/run-store';
import { makeLayout } from '@geodesic/tensor';
import type { FoundRun } from '../run-folders/find-run.ts';
import { readRun, type JoinedLog, type ReadRun } from '../run-folders/read-run.ts';
import { announcedFaults, readAnnounced } from './announced-faults.ts';
import { verifyCheckpoints, type VerifiedCheckpoint } from './checkpoint-faults.ts';

/** What was found. */
export interface RunReport {
  /** What is wrong, a sentence each; empty for a sound folder. */
  readonly faults: readonly string[];
  /** What is unusual and right: torn tails, records that were superseded. */
  readonly notes: readonly string[];
  readonly log: LogReport;
  readonly checkpoints: readonly VerifiedCheckpoint[];
  readonly run: ReadRun;
}

/** Checks a run folder. @throws {CliError} RUN_MISSING or RUN_DAMAGED where it does not even say what the run is */
export async function verifyRun(found: FoundRun): Promise<RunReport> {
  const names = new RunFolder(found.runId, found.directory);
  const store = new CheckpointStore(names.checkpoints);
  // Announcements and checkpoints first: whatever they say must be in the log that is read after them.
  const announced = await readAnnounced(names);
  const steps = await store.list();
  const run = await readRun(found);
  const { view, log: joined, bundle } = run;
  const log = verifyLog(joined.records);
  const checkpoints = await verifyCheckpoints(store, steps, { view, layout: makeLayout(bundle.parameters) });
  const faults = [
    ...tailFaults(joined),
    ...log.faults,
    ...(await inputFaults(run)),
    ...checkpoints.flatMap((checkpoint) => checkpoint.faults),
    ...endFaults(run, checkpoints),
    ...announcedFaults(announced, view),
  ];
  return { faults, notes: joined.notes, log, checkpoints, run };
}

/** A crash leaves an incomplete record at the end of a segment; anything else that is no record was one once. */
function tailFaults({ torn, unconnected, notes }: JoinedLog): readonly string[] {
  const faults = unconnected === 0 ? [] : notes.filter((note) => note.includes('ignored'));
  const isIncomplete = torn === undefined || /expected (a header of )?\d+ bytes, got \d+/.test(torn);
  return isIncomplete ? faults : [...faults, `the log: ${torn}`];
}

/** Whether spec and bundle are those that record 0 vouches for. */
async function inputFaults({ folder, view, bytes }: ReadRun): Promise<readonly string[]> {
  const faults: string[] = [];
  const expect = (what: string, expected: string, got: string): void => {
    if (got !== expected) faults.push(`${what}: expected ${expected} as in the log, got ${got}`);
  };
  expect('bundle.bin', view.run.bundleDigest, contentDigest(bytes));
  try {
    const spec = validateRunSpec(JSON.parse(await readFile(folder.file('spec.json'), 'utf8')), 'spec.json');
    expect('spec.json', view.run.specDigest, digestRunSpec(spec));
  } catch (error) {
    faults.push(`spec.json: ${(error as Error).message}`);
  }
  return faults;
}

/** Whether a run that is over has the checkpoint of its end. */
function endFaults({ view: { finished } }: ReadRun, checkpoints: readonly VerifiedCheckpoint[]): readonly string[] {
  if (finished === undefined || finished.state === 'failed') return [];
  const last = checkpoints.find(({ step }) => step === finished.step);
  if (last === undefined) return [`checkpoints: expected one of the end at step ${finished.step}, got none`];
  // A change that was taken back after the checkpoint was written moved the parameters once more at the same step.
  const isOfEnd = last.paramsDigest !== '' && last.version === finished.version;
  if (!isOfEnd || last.paramsDigest === finished.paramsDigest) return [];
  return [`the end: expected paramsDigest ${finished.paramsDigest} as in the log, got ${last.paramsDigest} in checkpoint ${last.step}`];
}

/**
 * S6: wall time lost to a SIGKILL, of a worker at fixed fractions of a step and of the coordinator just before a checkpoint, on real processes
 * that are started again as `geo run` starts them. Work is controlled: the steps of a run without faults have one length.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCoordinatorKills } from './coordinator-kills.mjs';
import { measureWorkerKills } from './worker-kills.mjs';

const profiles = {
  quick: { kills: 20, coordinatorKills: { journal: 5, none: 3 } },
  full: { kills: 60, coordinatorKills: { journal: 20, none: 10 } },
};

/** Runs the benchmark and prints one line for each case. */
export async function run({ profile }) {
  const { kills, coordinatorKills } = profiles[profile];
  const runs = await mkdtemp(join(tmpdir(), 'geodesic-bench-'));
  try {
    await measureWorkerKills({ kills, runs, profile });
    for (const journal of [true, false])
      await measureCoordinatorKills({ kills: coordinatorKills[journal ? 'journal' : 'none'], journal, runs, profile });
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

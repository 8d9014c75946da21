/** A worker comes in the middle of a step of several phases, takes part in it, and the bits are those of the run without it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { exampleBundle } from './harness/bundles.ts';
import { joins } from './harness/faults.ts';
import { reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

const clusters: TestCluster[] = [];
const program = fileURLToPath(new URL('./fixtures/held-program.mjs', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geodesic-held-'));
});
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
  rmSync(folder, { recursive: true });
});

const step = 7;

it.each(['grad-stats-moving', 'quad', 'trial'])('G9: a worker joins during the phase %s of a step', async (phase) => {
  // Nobody computes its share for it while it loads its first program.
  const bundle = exampleBundle('digits-kfac-adaptive', { steps: 12, 'evaluate.every': 0, 'cluster.backup': false });
  const reference = await undisturbed(bundle);
  const file = join(folder, 'held');
  const held = { GEODESIC_SLOT_PROGRAM_MODULE: program, HOLD_PHASE: phase, HOLD_STEP: String(step), HOLD_FILE: file };
  const cluster = await TestCluster.start();
  clusters.push(cluster);
  await cluster.addWorker('worker-1', { env: held });
  await cluster.submit(bundle);
  await expect.poll(() => existsSync(file), { timeout: 60_000, interval: 5 }).toBe(true);
  // The only worker stands in the middle of the step. Another one comes, and holds all that the next phase needs.
  await cluster.addWorker('worker-2');
  const joined = await cluster.until(joins('worker-2'));
  const before = cluster.feed
    .of('step.committed')
    .filter(({ sequence }) => sequence < joined.sequence)
    .at(-1);
  expect(before?.data['step']).toBe(step - 1);
  rmSync(file);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  const { commits } = await cluster.log();
  const rounds = commits
    .filter((commit) => commit.step >= step)
    .flatMap((commit) => (commit.rounds ?? []).map((round) => ({ ...round, step: commit.step })));
  const at = rounds.findIndex((round) => round.step === step && round.phase === phase);
  const first = rounds.findIndex(({ coverage }) => coverage.some(({ worker }) => worker === 'worker-2'));
  expect(at).toBeGreaterThanOrEqual(0);
  // Its first share is one of the very next round.
  expect(first - at).toBe(1);
  const own = rounds[first];
  reportBound({
    id: 'G9',
    fault: `a worker joins in the middle of step ${step}, during ${phase}`,
    measured: `contributes first to ${own.phase} of step ${own.step}; all commits equal`,
    bound: 'takes part from the next round, same bits',
  });
});

/** G9: one worker, then eight, then three, during one run: the bits of a run of one, and the same batch at every step. */
import { afterEach, expect, it } from 'vitest';
import { exampleBundle } from './harness/bundles.ts';
import { commits, joins } from './harness/faults.ts';
import { reportBound } from './harness/report-bound.ts';
import { expectSameRun, slotsByWorker } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

const clusters: TestCluster[] = [];
afterEach(() => Promise.all(clusters.splice(0).map((cluster) => cluster.dispose())));

const nameOf = (number: number): string => `worker-${number}`;

it.each([
  ['digits-kfac-adaptive', 70],
  ['digits-ndm', 90],
] as const)('G9: 1 -> 8 -> 3 workers during %s', async (example, steps) => {
  const bundle = exampleBundle(example, { steps, 'evaluate.every': 20, 'checkpoint.every': 25 });
  const reference = await undisturbed(bundle);
  const cluster = await TestCluster.start({ workers: 1 });
  clusters.push(cluster);
  await cluster.submit(bundle);
  await cluster.untilStep(6);
  // Seven come while it runs, whenever each of them is ready.
  const coming = [2, 3, 4, 5, 6, 7, 8].map(nameOf);
  for (const name of coming) await cluster.addWorker(name);
  for (const name of coming) await cluster.until(joins(name));
  await commits(cluster, 4);
  // Five go: some are told, some die.
  [2, 5, 8].forEach((number) => cluster.kill(nameOf(number), 'SIGTERM'));
  [4, 7].forEach((number) => cluster.kill(nameOf(number), 'SIGKILL'));
  const staying = [1, 3, 6].map(nameOf);
  const ends = await cluster.finished(staying);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  const { commits: all } = await cluster.log();
  const made = all.filter(({ type }) => type === 'step');
  const batches = new Set(made.map((commit) => ('examples' in commit ? commit.examples : 0)));
  const slots = new Set(made.map((commit) => Math.max(...(commit.rounds ?? []).map((round) => slotsIn(round)))));
  expect([...slots]).toHaveLength(1);
  const peak = Math.max(...made.map((commit) => slotsByWorker(commit).size));
  const contributors = new Set(made.flatMap((commit) => [...slotsByWorker(commit).keys()]));
  // Who is much slower than the others on a busy machine may be asked for nothing.
  expect(contributors.size).toBeGreaterThan(4);
  const last = slotsByWorker(made.at(-1)!);
  expect([...last.keys()].every((name) => staying.includes(name))).toBe(true);
  reportBound({
    id: 'G9',
    fault: `1 -> 8 -> 3 workers during ${example} (3 x SIGTERM, 2 x SIGKILL)`,
    measured: `all ${made.length} commits equal to those of 1 worker; every step of ${[...batches].join(' or, at the end of an epoch, ')} examples in ${[...slots].join()} slots; ${contributors.size} workers contributed, up to ${peak} to one step`,
    bound: 'same bits, constant batch',
  });
});

function slotsIn({ coverage }: { readonly coverage: readonly { readonly block: { readonly level: number } }[] }): number {
  return coverage.reduce((sum, { block }) => sum + 2 ** block.level, 0);
}

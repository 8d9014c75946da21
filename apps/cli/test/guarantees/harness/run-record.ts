/** What a run has left in its folder, and whether two runs are the same run: every bit at every commit, every step once. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { verifyLog, viewLog } from '@geodesic/cluster';
import type { LogView, RejectedEntry, StepEntry } from '@geodesic/cluster';
import { readLog, RunFolder } from '@geodesic/run-store';
import { expect } from 'vitest';

/** What decides whether two runs are the same. */
export interface RunRecord {
  /** Version, chain and checksum after every commit, by `step.attempt`; rejected attempts among them. */
  readonly commits: readonly Readonly<Record<string, unknown>>[];
  /** Of the final parameters. */
  readonly paramsDigest: string;
  readonly examples: number;
  /** Last values by name. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** A log, read. */
export async function readLogView(directory: string): Promise<LogView> {
  return viewLog((await readLog(new RunFolder(basename(directory), directory))).records);
}

/**
 * Reads the folder of a completed run and checks that it is sound by itself: the log by verifyLog (chain, coverage: every slot of every round
 * exactly once), every step committed once in the log and told once in events.ndjson, whose numbers have no gap.
 */
export async function soundRun(directory: string): Promise<RunRecord> {
  const { records } = await readLog(new RunFolder(basename(directory), directory));
  expect(verifyLog(records).faults).toEqual([]);
  const view = viewLog(records);
  const events = (await readFile(join(directory, 'events.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { sequence: number; type: string; data: Record<string, unknown> });
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
  const steps = view.commits.filter(({ type }) => type === 'step').map(({ step }) => step);
  expect(steps).toEqual([...new Set(steps)]);
  expect(events.flatMap(({ type, data }) => (type === 'step.committed' ? [Number(data['step'])] : []))).toEqual(steps);
  const result = JSON.parse(await readFile(join(directory, 'result.json'), 'utf8')) as RunRecord & { state: string };
  expect(result.state).toBe('completed');
  const { paramsDigest, examples, measurements } = result;
  return { commits: view.commits.map(bitsOf), paramsDigest, examples, measurements };
}

/** Fails unless the folder holds a sound run that is the same as another one, bit for bit at every commit. */
export async function expectSameRun(directory: string, reference: RunRecord): Promise<void> {
  const record = await soundRun(directory);
  expect(record.commits).toEqual(reference.commits);
  expect(record).toEqual(reference);
}

/** How many of the slots of a step's rounds each worker contributed, by name. */
export function slotsByWorker(commit: StepEntry | RejectedEntry): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  for (const { coverage } of commit.rounds ?? [])
    for (const { worker, block } of coverage) slots.set(worker, (slots.get(worker) ?? 0) + 2 ** block.level);
  return slots;
}

function bitsOf(commit: StepEntry | RejectedEntry): Readonly<Record<string, unknown>> {
  const { type, step, attempt, phase, rounds } = commit;
  const inputs = (rounds ?? []).map((round) => [round.attempt, round.phase, round.inputDigest, round.examples]);
  const own = { type, step, attempt, phase, inputs };
  if (commit.type === 'rejected') return { ...own, position: commit.position, damping: commit.damping };
  const { version, chain, checksum, record, measurements } = commit;
  return { ...own, version, chain, checksum, record, measurements };
}

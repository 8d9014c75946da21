/**
 * G11: a full disk, a disk that cannot sync, a damaged checkpoint. A run waits and says why, goes on by itself when the disk works again, and uses
 * the checkpoint before a damaged one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { exampleBundle } from './harness/bundles.ts';
import { after, isCommit } from './harness/faults.ts';
import { ms, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

const bundle = exampleBundle('digits-kfac-adaptive', { steps: 40, 'checkpoint.every': 8, 'evaluate.every': 20 });
const TMPFS_MIB = 48;

let reference: RunRecord;
let cluster: TestCluster | undefined;
const closing: (() => void)[] = [];

beforeAll(async () => {
  reference = await undisturbed(bundle);
});

afterEach(async () => {
  await cluster?.dispose();
  for (const close of closing.splice(0)) close();
});

/** A folder on a file system of its own with little space; undefined where this process may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MIB}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  closing.push(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Writes until there is no space. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (const size of [1024 * 1024, 4096, 1]) {
      const block = Buffer.alloc(size, 1);
      for (;;) {
        const { bytesWritten } = await file.write(block).catch(() => ({ bytesWritten: 0 }));
        if (bytesWritten < size) break;
      }
    }
  } finally {
    await file.close();
  }
}

/** What people are told while a run waits for its disk, and that it makes no step. */
async function expectWaiting(run: TestCluster, fault: string): Promise<void> {
  const failed = await run.until(({ type }) => type === 'storage.failed');
  expect(failed.data).toMatchObject({ message: expect.stringContaining(fault) as string, hint: expect.stringContaining('disk') as string });
  await expect.poll(async () => (await run.client.get(run.runId)).state).toBe('paused');
  const head = (await run.log()).head.step;
  const { now } = run.feed;
  await after(2500); // it tries once a second
  expect(run.feed.events.slice(now).filter(isCommit)).toEqual([]);
  expect((await run.log()).head.step).toBe(head);
  expect(run.coordinator.isRunning).toBe(true);
}

it('G11: a full disk pauses the run with an error that names it; it goes on when there is space', async ({ skip }) => {
  const runs = smallDisk();
  if (runs === undefined) {
    console.warn('G11: SKIPPED: a full disk needs the right to mount a tmpfs (root)');
    skip('mount -t tmpfs is not allowed');
    return;
  }
  cluster = await TestCluster.start({ workers: 2, runs });
  await cluster.submit(bundle);
  await cluster.untilStep(10);
  const filler = join(runs, 'filler');
  await fill(filler);
  await expectWaiting(cluster, 'ENOSPC');
  const freedMs = performance.now();
  const { now } = cluster.feed;
  rmSync(filler);
  const { seenMs } = await cluster.until(isCommit, now);
  expect(cluster.feed.of('storage.mended').length).toBeGreaterThan(0);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  const [{ data }] = cluster.feed.of('storage.failed');
  reportBound({
    id: 'G11',
    fault: 'disk full',
    measured: `paused with "${String(data['what'])}: ${String(data['message'])}"; next commit ${ms(seenMs - freedMs)} after space was freed; 0 steps lost`,
    bound: 'pauses with a clear error, goes on when mended',
    note: `tmpfs of ${TMPFS_MIB} MiB, tried once a second`,
  });
});

it('G11: a coordinator that is killed while the disk is full comes back, waits, and goes on when there is space', async ({ skip }) => {
  const runs = smallDisk();
  if (runs === undefined) {
    skip('mount -t tmpfs is not allowed');
    return;
  }
  cluster = await TestCluster.start({ workers: 2, runs });
  await cluster.submit(bundle);
  await cluster.untilStep(10);
  const filler = join(runs, 'filler');
  await fill(filler);
  await cluster.until(({ type }) => type === 'storage.failed');
  cluster.kill('coordinator', 'SIGKILL');
  const back = cluster.restartCoordinator();
  await expect.poll(() => cluster!.coordinator.stderr).toContain('ENOSPC');
  rmSync(filler);
  await back;
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
});

it('G11: a sync that fails pauses the run; it goes on in a new part of the log, never on the same descriptor', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-failing-sync-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const flag = join(folder, 'broken');
  const shim = pathToFileURL(join(import.meta.dirname, 'fixtures/failing-sync.mjs')).href;
  cluster = await TestCluster.start({ workers: 2, coordinatorEnv: { NODE_OPTIONS: `--import ${shim}`, FAILING_SYNC: flag } });
  await cluster.submit(bundle);
  await cluster.untilStep(10);
  // The log is what meets the fault: while a checkpoint waits for the disk no further step is begun.
  await cluster.until(({ type, data }) => type === 'checkpoint.written' && data['step'] === 8);
  writeFileSync(flag, '');
  await expectWaiting(cluster, 'EIO');
  const mendedMs = performance.now();
  const { now } = cluster.feed;
  rmSync(flag);
  const { seenMs } = await cluster.until(isCommit, now);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  const parts = readdirSync(cluster.directory).filter((name) => /^commit-000001-\d+\.log$/.test(name));
  expect(parts).toEqual(['commit-000001-01.log']);
  await expectSameRun(cluster.directory, reference);
  reportBound({
    id: 'G11',
    fault: 'fsync answers EIO (injected)',
    measured: `paused; next commit ${ms(seenMs - mendedMs)} after it worked again, in ${parts.join(', ')}; 0 steps lost`,
    bound: 'pauses with a clear error, goes on when mended',
  });
});

const damages: readonly (readonly [string, (checkpoint: string) => void])[] = [
  ['a truncated file of the newest checkpoint', (checkpoint) => truncateSync(join(checkpoint, 'parameters.safetensors'), 100)],
  ['a flipped bit in a chunk of the newest checkpoint', (checkpoint) => flipBit(ownChunk(checkpoint))],
  ['a truncated manifest of the newest checkpoint', (checkpoint) => truncateSync(join(checkpoint, 'manifest.json'), 64)],
];

it.each(damages)('G11: with %s the one before it is used, and the bits are the same', async (what, damage) => {
  cluster = await TestCluster.start({ workers: 2, coordinatorEnv: { GEODESIC_FAILPOINT: 'after-append:22' } });
  await cluster.submit(bundle);
  expect((await cluster.coordinator.ended).signal).toBe('SIGKILL');
  damage(join(cluster.directory, 'checkpoints', 'step-000016'));
  await cluster.restartCoordinator();
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(cluster.feed.of('checkpoint.damaged')).toMatchObject([{ data: { step: 16 } }]);
  const [{ data }] = cluster.feed.of('run.resumed');
  expect(data).toMatchObject({ term: 2, step: 8 });
  await expectSameRun(cluster.directory, reference);
  reportBound({
    id: 'G11',
    fault: what,
    measured: `checkpoint 8 is used in place of 16, ${Number(data['ahead'])} commits are made again and compared; 0 steps lost`,
    bound: 'the previous checkpoint is used',
  });
});

/** A chunk that the checkpoint before does not name. */
function ownChunk(checkpoint: string): string {
  const before = join(checkpoint, '..', 'step-000008');
  const shared = new Set(chunksOf(before));
  const digest = chunksOf(checkpoint).find((chunk) => !shared.has(chunk))!;
  expect(digest).toBeDefined();
  return join(checkpoint, '..', 'chunks', digest.slice(0, 2), digest);
}

function chunksOf(checkpoint: string): string[] {
  const { files } = JSON.parse(readFileSync(join(checkpoint, 'manifest.json'), 'utf8')) as {
    files: Record<string, { stored: string; chunks: string[] }>;
  };
  return Object.values(files).flatMap(({ stored, chunks }) => (stored === 'chunks' ? chunks : []));
}

function flipBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[statSync(path).size >> 1] ^= 1;
  writeFileSync(path, bytes);
}

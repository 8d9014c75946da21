/**
 * B1 on a real local cluster: coordinator and worker processes as `geo run` starts them, gRPC on loopback. Every run ends at the step whose
 * forward pass first shows the target. Bytes are all that went over the wire, both ways: headers, factors, directions, retries.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { specOf, targets } from './task.mjs';

const program = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/**
 * Runs `steps` steps on so many workers, of which one is killed (SIGKILL) when step `killAt` is committed.
 * @returns {Promise<{workers: number, stepsToTarget: number | null, megabytesPerWorker: number, paramsDigest: string, seconds: number, kills: number}>}
 */
export async function runOnCluster({ optimizer, seed, steps, workers, killAt }) {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-curves-cluster-'));
  const path = join(folder, 'spec.json');
  writeFileSync(path, JSON.stringify(specOf({ optimizer, seed, steps })));
  const options = ['--workers', String(workers), '--runs', join(folder, 'runs'), '--format', 'jsonl'];
  const child = spawn(process.execPath, [program, 'run', path, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  const watched = { pids: new Map(), stepsToTarget: null, kills: 0, envelope: undefined };
  for await (const line of createInterface({ input: child.stdout })) watch(JSON.parse(line), watched, killAt);
  await closed;
  rmSync(folder, { recursive: true });
  const { envelope, stepsToTarget, kills } = watched;
  if (envelope?.status !== 'ok') throw new Error(`cluster run: expected it to complete, got ${JSON.stringify(envelope ?? 'no result')}`);
  const { bytesUp, bytesDown, paramsDigest, seconds } = envelope.data;
  return { workers, stepsToTarget, megabytesPerWorker: (bytesUp + bytesDown) / workers / 1e6, paramsDigest, seconds, kills };
}

/** Takes one line of the run's output. */
function watch(line, watched, killAt) {
  if (line.type === undefined) {
    watched.envelope = line;
  } else if (line.type === 'worker.joined') {
    watched.pids.set(line.data.worker, line.data.pid);
  } else if (line.type === 'step.committed') {
    const { step, measurements } = line.data;
    if (watched.stepsToTarget === null && measurements.squaredError <= targets.at(-1)) watched.stepsToTarget = step;
    if (step === killAt && watched.kills++ === 0) process.kill(watched.pids.get('worker-1'), 'SIGKILL');
  }
}

/** A run's folder in a temporary place, and entries for its log. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_FORMAT } from '@geodesic/cluster';
import type { JournalRecord, LogEntry, RunEntry, StepEntry } from '@geodesic/cluster';
import { createRunFolder, nodeFileSystem } from '../src/index.ts';
import type { FileSystem, RunFolder } from '../src/index.ts';

export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'geodesic-run-store-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

let runs = 0;

export function newRun(parent: string): Promise<RunFolder> {
  runs++;
  return createRunFolder({ runs: parent, name: `test-${runs}`, spec: { name: 'test' }, bundle: Uint8Array.of(1, 2, 3), now: new Date(0) });
}

export const runEntry: RunEntry = {
  type: 'run',
  format: LOG_FORMAT,
  run: 'r',
  specDigest: 'sha256:1',
  bundleDigest: 'sha256:2',
  chain: 'c0',
  checksum: 's0',
  seed: 1,
  engine: 'fixture',
};

export function stepEntry(step: number): StepEntry {
  const position = { version: step, chain: `c${step}`, checksum: `s${step}` };
  return { type: 'step', step, attempt: 0, phase: 'grad', ...position, inputDigest: 'd', examples: 8, rounds: [] };
}

export function pause(step: number): LogEntry {
  return { type: 'control', action: 'pause', step, reason: 'test' };
}

/** A round with `count` sums, which are different in every step. */
export function roundOf(step: number, count = 4): Extract<JournalRecord, { total: unknown }> {
  const sums = Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(step * 100 + i)));
  const round = { run: 'r', step, attempt: 0, phase: 'grad', inputDigest: `d${step}` };
  return {
    round,
    total: { block: { level: 2, index: 0 }, count: 7, scalars: Float64Array.of(step, 1 / 3), sums },
    coverage: [{ worker: 'a', incarnation: 'a1', block: { level: 2, index: 0 } }],
  };
}

/** The machine's file system without its slowest part, for tests that need no durability. */
export const hastyFileSystem: FileSystem = {
  ...nodeFileSystem,
  syncFolder: () => Promise.resolve(),
  async open(path, mode) {
    const file = await nodeFileSystem.open(path, mode);
    return {
      write: (bytes) => file.write(bytes),
      read: (buffer, offset) => file.read(buffer, offset),
      size: () => file.size(),
      datasync: () => Promise.resolve(),
      close: () => file.close(),
    };
  },
};

/** A promise that somebody else settles. */
export function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

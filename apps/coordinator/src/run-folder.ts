/**
 * The folder that a run leaves: spec.json, bundle.bin, commit.log, measurements.ndjson, events.ndjson, checkpoints/, run.svg and
 * result.json; with curvature factors that were not positive definite also `failed-<name>`. This file knows the names; what is in the files is written by others.
 */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, syncFolder, writeDurably } from '@geodesic/checkpoint';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { RunMeta } from './run-meta.ts';

/** Paths of a run. */
export class RunFolder {
  readonly runId: string;
  readonly path: string;

  /** Use {@link createRunFolder}. */
  constructor(runId: string, path: string) {
    this.runId = runId;
    this.path = path;
  }

  /** The path of one of the folder's files. */
  file(name: 'bundle.bin' | 'commit.log' | 'events.ndjson' | 'measurements.ndjson' | 'result.json' | 'run.svg' | 'spec.json'): string {
    return join(this.path, name);
  }

  /** The path of a curvature factor that was not positive definite. */
  failedFactor(name: string): string {
    return join(this.path, `failed-${name}`);
  }

  /** The folder of the checkpoint after a step. */
  checkpoint(step: number): string {
    return join(this.path, 'checkpoints', `step-${String(step).padStart(6, '0')}`);
  }
}

/** Checks, before anything else starts, that runs can be written. @throws {CoordinatorError} FOLDER */
export async function prepareRunsFolder(runs: string): Promise<string> {
  const folder = resolve(runs);
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    await makeFolder(folder);
    await (await open(probe, 'w')).close();
    await rm(probe);
    return folder;
  } catch (cause) {
    const message = `--runs: expected a folder that can be written, got ${folder} (${(cause as Error).message})`;
    throw new CoordinatorError('FOLDER', message, { hint: 'choose another folder with --runs', exitCode: EXIT.configuration, cause });
  }
}

/** Makes the folder of a new run, with spec and bundle durable in it. */
export async function createRunFolder(options: { runs: string; meta: RunMeta; bundle: Uint8Array; now: Date }): Promise<RunFolder> {
  const { runs, meta, bundle, now } = options;
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const runId = `${meta.name}-${stamp}-${randomBytes(2).toString('hex')}`;
  const folder = new RunFolder(runId, join(runs, runId));
  await makeFolder(join(folder.path, 'checkpoints'));
  await writeDurably(folder.file('spec.json'), `${JSON.stringify(meta.spec, undefined, 2)}\n`);
  await writeDurably(folder.file('bundle.bin'), bundle);
  await syncFolder(runs);
  return folder;
}

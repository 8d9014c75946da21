/**
 * The folder of a run: spec.json, bundle.bin, the commit log's segments (commit.log and commit-<term>.log), coordinator.json while
 * somebody leads it, journal/, checkpoints/, events.ndjson, measurements.ndjson, result.json and run.svg; with NATS events.behind until all
 * events are there; with curvature factors that were not positive definite also `failed-<name>`. This file knows the names; what is in the
 * files is written by others.
 */
import { randomBytes } from 'node:crypto';
import { access, open, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { makeFolder, syncFolder, writeDurably } from '@geodesic/checkpoint';
import { RunStoreError } from './errors.ts';

/** The files of a run that have one name. */
export type RunFileName =
  | 'bundle.bin'
  | 'commit.log'
  | 'coordinator.json'
  | 'events.behind'
  | 'events.ndjson'
  | 'measurements.ndjson'
  | 'result.json'
  | 'run.svg'
  | 'spec.json';

/** Paths of a run. */
export class RunFolder {
  readonly runId: string;
  readonly path: string;

  /** Names alone; use {@link createRunFolder} or {@link RunFolder.open} for a folder that is there. */
  constructor(runId: string, path: string) {
    this.runId = runId;
    this.path = path;
  }

  /** The folder of a run that is there; its name is the run's. @throws {RunStoreError} RUN_MISSING */
  static async open(path: string): Promise<RunFolder> {
    const folder = new RunFolder(basename(resolve(path)), resolve(path));
    try {
      await Promise.all([access(folder.file('commit.log')), access(folder.file('bundle.bin'))]);
      return folder;
    } catch (cause) {
      const hint = 'name the folder of a run, as `geo list` shows it';
      const got = (cause as Error).message;
      throw new RunStoreError('RUN_MISSING', { what: folder.path, expected: 'the folder of a run', got, hint, cause });
    }
  }

  /** The path of one of the folder's files. */
  file(name: RunFileName): string {
    return join(this.path, name);
  }

  /** The path of a curvature factor that was not positive definite. */
  failedFactor(name: string): string {
    return join(this.path, `failed-${name}`);
  }

  /** The folder of all checkpoints. */
  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /** The folder of the checkpoint after a step. */
  checkpoint(step: number): string {
    return join(this.checkpoints, `step-${padded(step)}`);
  }

  /** The folder of the journal's files. */
  get journals(): string {
    return join(this.path, 'journal');
  }

  /** The file with the rounds after the checkpoint of a step; `part` above 0 where a coordinator came back to that checkpoint. */
  journal(step: number, part = 0): string {
    return join(this.journals, `step-${padded(step)}${part === 0 ? '' : `-${String(part).padStart(2, '0')}`}.journal`);
  }
}

/** Checks, before anything else starts, that runs can be written; returns the absolute path. @throws {RunStoreError} FOLDER */
export async function prepareRunsFolder(runs: string): Promise<string> {
  const folder = resolve(runs);
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    await makeFolder(folder);
    await (await open(probe, 'w')).close();
    await rm(probe);
    return folder;
  } catch (cause) {
    const got = `${folder} (${(cause as Error).message})`;
    const hint = 'choose another folder with --runs';
    throw new RunStoreError('FOLDER', { what: '--runs', expected: 'a folder that can be written', got, hint, cause });
  }
}

/** Options of {@link createRunFolder}. */
export interface NewRun {
  /** The folder of run folders; exists. */
  readonly runs: string;
  /** What the run's id begins with. */
  readonly name: string;
  /** Plain JSON data, for spec.json. */
  readonly spec: unknown;
  readonly bundle: Uint8Array;
  /** For the run's id. */
  readonly now: Date;
}

/** Makes the folder of a new run, with spec and bundle durable in it. The id is `<name>-<UTC date>-<time>-<4 random hex digits>`. */
export async function createRunFolder({ runs, name, spec, bundle, now }: NewRun): Promise<RunFolder> {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const runId = `${name}-${stamp}-${randomBytes(2).toString('hex')}`;
  const folder = new RunFolder(runId, join(runs, runId));
  await makeFolder(folder.checkpoints);
  await makeFolder(folder.journals);
  await writeDurably(folder.file('spec.json'), `${JSON.stringify(spec, undefined, 2)}\n`);
  await writeDurably(folder.file('bundle.bin'), bundle);
  await syncFolder(runs);
  return folder;
}

function padded(step: number): string {
  return String(step).padStart(6, '0');
}

/**
 * A run folder, read: its log, its bundle and its spec. Nothing is written, so it may be done while a coordinator leads the run.
 */
import { readFile } from 'node:fs/promises';
import { viewLog, type LogView } from '@geodesic/cluster';
import { decodeBundle, type Bundle } from '@geodesic/engine';
import { validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { readLog, RunFolder, RunStoreError } from '@geodesic/run-store';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { FoundRun } from './find-run.ts';

/** The joined segments of a commit log. */
export type JoinedLog = Awaited<ReturnType<typeof readLog>>;

/** What a run folder says of its run. */
export interface ReadRun {
  readonly folder: RunFolder;
  readonly log: JoinedLog;
  readonly view: LogView;
  /** As it was submitted. */
  readonly bytes: Uint8Array;
  readonly bundle: Bundle;
  /** As the bundle has it, every default filled in. */
  readonly spec: RunSpec;
}

/** Reads a run folder. @throws {CliError} RUN_MISSING or RUN_DAMAGED, exit code 1 */
export async function readRun({ directory }: FoundRun): Promise<ReadRun> {
  try {
    const folder = await RunFolder.open(directory);
    const [log, bytes] = await Promise.all([readLog(folder), readFile(folder.file('bundle.bin'))]);
    const bundle = decodeBundle(bytes);
    return { folder, log, view: viewLog(log.records), bytes, bundle, spec: validateRunSpec(bundle.spec, 'bundle') };
  } catch (cause) {
    throw asDamaged(directory, cause);
  }
}

/** Reads the number of the last event in a run's events.ndjson; 0 for none. */
export async function lastEventOf({ directory }: FoundRun): Promise<number> {
  const text = await readFile(new RunFolder('', directory).file('events.ndjson'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

function asDamaged(directory: string, cause: unknown): CliError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof RunStoreError) {
    const { code, hint } = cause;
    return new CliError({ code, message, hint, exitCode: EXIT.failed, cause });
  }
  const hint = 'geo verify says what else is wrong; geo checkpoints list shows what can be read';
  return new CliError({ code: 'RUN_DAMAGED', message: `${directory}: ${message}`, hint, exitCode: EXIT.failed, cause });
}

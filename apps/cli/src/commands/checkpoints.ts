/**
 * `geo checkpoints list` and `geo checkpoints pull`: what a run can be taken up or forked from, and a copy that depends on nothing else.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CheckpointError, CheckpointStore, copyCheckpoint, type CheckpointManifest } from '@geodesic/checkpoint';
import { formatBytes } from '@geodesic/telemetry';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { withoutCheckpoint } from '../run-folders/checkpoint-failure.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { readNumber, readText } from '../view/event-fields.ts';
import { wantsColour } from '../view/screen.ts';
import { paint, span, type Line } from '../view/styled-text.ts';
import { textTable, type Column } from '../view/text-table.ts';

/** Options of {@link pullCheckpointCommand}. */
export interface CheckpointsOptions {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
}

/** Options of {@link listCheckpointsCommand}: a run, or a folder of checkpoints such as a mirror. */
export type ListCheckpointsOptions = Partial<CheckpointsOptions> & { readonly runsFolder: string; readonly folder?: string };

/** One checkpoint as it is listed. */
interface CheckpointRow {
  readonly step: number;
  readonly bytes: number;
  readonly version: number;
  readonly paramsDigest: string;
  readonly chain: string;
  /** Why it cannot be read. */
  readonly problem?: string;
}

const COLUMNS: readonly Column<CheckpointRow>[] = [
  { heading: 'step', cell: ({ step }) => String(step), align: 'right', style: () => 'strong' },
  { heading: 'size', cell: ({ bytes, problem }) => (problem === undefined ? formatBytes(bytes) : ''), align: 'right' },
  { heading: 'updates', cell: ({ version, problem }) => (problem === undefined ? String(version) : ''), align: 'right' },
  { heading: 'chain', cell: ({ chain }) => chain.slice(0, 12) },
  { heading: 'parameters', cell: ({ paramsDigest, problem }) => problem ?? paramsDigest, style: (row) => (row.problem ? 'bad' : 'dim') },
];

/** Lists them; each is read and verified. @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, or USAGE without a run or folder */
export async function listCheckpointsCommand(options: ListCheckpointsOptions, io: CommandIo): Promise<CommandResult> {
  const { folder } = options;
  const found = folder === undefined || options.run !== undefined ? await runOf(options) : { folder: resolve(folder) };
  const name = 'runId' in found ? found.runId : found.folder;
  const store = new CheckpointStore('runId' in found ? resolve(found.directory, 'checkpoints') : found.folder);
  const checkpoints: CheckpointRow[] = [];
  for (const step of await store.list()) checkpoints.push(await rowOf(store, step));
  const colour = wantsColour(io.stdout, io.env);
  const title: Line = [span(`${name}: `, 'strong'), span(`${checkpoints.length} checkpoints`)];
  const lines = checkpoints.length === 0 ? [title] : [title, [], ...textTable(COLUMNS, checkpoints)];
  return {
    data: { ...found, checkpoints },
    text: `${lines.map((line) => paint(line, { colour }).trimEnd()).join('\n')}\n`,
    exitCode: EXIT.ok,
  };
}

async function runOf({ run, runsFolder, folder }: ListCheckpointsOptions): Promise<FoundRun> {
  if (run !== undefined && folder === undefined) return findRun(run, { runsFolder });
  const message = `run: expected one run, or --folder DIR, got ${run === undefined ? 'neither' : 'both'}`;
  throw new CliError({ code: 'USAGE', message, hint: 'such as geo checkpoints list digits-ndm', exitCode: EXIT.usage });
}

/** Copies one. @throws {CliError} RUN_UNKNOWN, CHECKPOINT_MISSING, CHECKPOINT_DAMAGED or FOLDER_EXISTS */
export async function pullCheckpointCommand({
  run,
  runsFolder,
  to,
  step: wanted,
}: CheckpointsOptions & { readonly to: string; readonly step?: number }): Promise<CommandResult> {
  const found = await findRun(run, { runsFolder });
  const store = new CheckpointStore(resolve(found.directory, 'checkpoints'));
  const target = resolve(to);
  await requireAbsent(target, to);
  try {
    const step = wanted ?? (await store.newestGood()).step;
    await copyCheckpoint(store.path(step), target);
    return { data: { ...found, step, path: target }, text: `${to} holds the checkpoint of step ${step}\n`, exitCode: EXIT.ok };
  } catch (cause) {
    throw cause instanceof CheckpointError ? await withoutCheckpoint(found.runId, store, cause) : cause;
  }
}

async function rowOf(store: CheckpointStore, step: number): Promise<CheckpointRow> {
  try {
    const { manifest } = await store.read(step);
    const { facts } = manifest;
    const chain = readText(facts, 'chain');
    return { step, bytes: sizeOf(manifest), version: readNumber(facts, 'version'), paramsDigest: readText(facts, 'paramsDigest'), chain };
  } catch (error) {
    return { step, bytes: 0, version: 0, paramsDigest: '', chain: '', problem: (error as Error).message };
  }
}

function sizeOf({ files }: CheckpointManifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

async function requireAbsent(target: string, to: string): Promise<void> {
  const isThere = await access(target).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  const message = `--to ${to}: expected a folder that does not exist, got one that does`;
  throw new CliError({ code: 'FOLDER_EXISTS', message, hint: 'name another folder', exitCode: EXIT.usage });
}

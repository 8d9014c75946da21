/**
 * `geo checkpoints follow`: a run's checkpoints in a folder of their own, as they come, through NATS or from whoever leads the run.
 */
import { resolve } from 'node:path';
import { CheckpointError } from '@geodesic/checkpoint';
import { NatsObjects } from '@geodesic/events';
import { formatBytes, formatDuration } from '@geodesic/telemetry';
import { CheckpointMirror, type Mirrored } from '../artery/checkpoint-mirror.ts';
import { followCheckpoints } from '../artery/follow-checkpoints.ts';
import { clusterOf, natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { broadcastSource, coordinatorSource, folderSource, type ObjectSource } from '../artery/object-source.ts';
import { openFeed, type OpenedFeed } from '../artery/open-feed.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import { ensureWritableFolder } from '../places.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { lookOn } from './look-on.ts';

/** Options of {@link followCheckpointsCommand}. */
export interface FollowCheckpointsCommandOptions extends NatsFlags {
  /** As `findRun` takes it; with NATS it need not exist yet. */
  readonly run: string;
  /** The folder that receives `step-000050` and `chunks`. */
  readonly to: string;
  /** The parameters alone; default every file. */
  readonly only?: 'parameters';
  readonly prune: boolean;
  /** Mirror what there is now, and end. */
  readonly once: boolean;
  readonly runsFolder: string;
  readonly format: OutputFormat;
}

/** Mirrors until the run is over. @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, RUNS_FOLDER, CHECKPOINT_MISSING, NATS_* */
export async function followCheckpointsCommand(options: FollowCheckpointsCommandOptions, io: CommandIo): Promise<CommandResult> {
  const { run, to, only, prune, once, runsFolder, format } = options;
  const nats = natsOptionsOf(options, io.env);
  const cluster = nats?.cluster ?? clusterOf(options, io.env);
  await ensureWritableFolder(resolve(to), '--to');
  const onNotice = (text: string): void => void io.stderr.write(`geo: ${text}\n`);
  const write = (data: Readonly<Record<string, unknown>>, text: string): void =>
    void io.stdout.write(`${format === 'text' ? text : JSON.stringify(data)}\n`);
  return lookOn(async (signal) => {
    const feed = await openFeed(run, { nats, cluster, runsFolder, follow: !once, signal, onNotice });
    if (feed === undefined) return;
    const sources = await sourcesOf(feed, runsFolder);
    try {
      const missing = await followCheckpoints({
        feed,
        mirror: new CheckpointMirror(resolve(to), sources),
        isBroadcast: feed.client !== undefined,
        prune,
        follow: !once,
        onMirrored: (mirrored) => write({ mirrored }, mirroredText(mirrored)),
        onRemoved: (step) => write({ removed: { step } }, `step ${step}  removed`),
        onNotice,
        signal,
        ...(only && { only }),
      });
      if (missing.length > 0 && !signal.aborted) throw incomplete(feed.run ?? run, missing);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      const { code, message } = error;
      throw new CliError({ code, message, hint: 'what was mirrored stays; call it again to go on', exitCode: EXIT.failed, cause: error });
    } finally {
      for (const source of sources) source.close();
      await feed.close();
    }
  });
}

/** In the order in which they are asked; the folder of the run is one where it is on this disk. */
async function sourcesOf({ client, found, run }: OpenedFeed, runsFolder: string): Promise<readonly ObjectSource[]> {
  const onDisk = found ?? (await onThisDisk(run, runsFolder));
  const local = onDisk === undefined ? [] : [coordinatorSource(onDisk), folderSource(onDisk)];
  return client === undefined || run === undefined ? local : [broadcastSource(new NatsObjects(client, run)), ...local];
}

async function onThisDisk(run: string | undefined, runsFolder: string): Promise<FoundRun | undefined> {
  return run === undefined ? undefined : findRun(run, { runsFolder }).catch(() => undefined);
}

function mirroredText({ step, bytes, receivedBytes, seconds, from, without }: Mirrored): string {
  const speed = receivedBytes > 0 && seconds > 0 ? ` (${(receivedBytes / 1e6 / seconds).toFixed(1)} MB/s)` : '';
  const source = from.length === 0 ? '' : ` from ${from.join(' and ')}`;
  // What an earlier attempt received lies here already.
  const amount =
    receivedBytes === 0 || receivedBytes >= bytes ? formatBytes(bytes) : `${formatBytes(receivedBytes)} of ${formatBytes(bytes)}`;
  const lacking = without.length === 0 ? '' : `, without ${without.join(', ')}`;
  return `step ${step}  ${amount} in ${formatDuration(seconds)}${speed}${source}${lacking}`;
}

function incomplete(run: string, missing: readonly number[]): CliError {
  const message = `run ${run}: expected every checkpoint that was announced, got none of steps ${missing.join(', ')}`;
  const hint = 'nobody serves them any more: take them from the folder of the run, or let the coordinator broadcast all (--broadcast all)';
  return new CliError({ code: 'CHECKPOINT_MISSING', message, hint, exitCode: EXIT.failed });
}

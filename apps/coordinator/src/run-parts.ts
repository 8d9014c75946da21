/** What a run stands on while a coordinator leads it: its folder and everything that writes to it, and the learning side. */
import { randomUUID } from 'node:crypto';
import { CheckpointStore, manifestDigest } from '@geodesic/checkpoint';
import type { CheckpointManifest } from '@geodesic/checkpoint';
import { CommittedParameters } from '@geodesic/cluster';
import type { CommittedStart, FingerprintEntry, FinishedEntry, RunEntry, RunMachineOptions } from '@geodesic/cluster';
import { failPoint, Journal } from '@geodesic/run-store';
import type { CommitLog, RunFolder } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { Traffic } from '@geodesic/wire';
import type { Artery, RunArtery } from './artery.ts';
import { RunCheckpoints } from './run-checkpoints.ts';
import { RunEvents } from './run-events.ts';
import type { RunMeta, RunTrainer } from './run-meta.ts';
import { RunReporter } from './run-reporter.ts';
import type { RunStorage } from './run-storage.ts';

/** Where and with whose help a run is opened. */
export interface RunSurroundings {
  /** The folder of run folders; exists. */
  readonly runs: string;
  readonly traffic: () => Traffic;
  readonly logger: Logger;
  /** To NATS; absent where none is configured. */
  readonly artery?: Artery;
}

/** A run's learning side, and the bundle that it was made from. */
export interface LearningSide {
  readonly bundle: Uint8Array;
  readonly trainer: RunTrainer;
  readonly meta: RunMeta;
}

/** From where a run is led. */
export interface RunStart extends Pick<RunMachineOptions, 'step' | 'ahead' | 'pausedFrom'> {
  /** The last step that was made. */
  readonly step: number;
  /** Where its parameters stand; absent: before the first update. */
  readonly position?: CommittedStart;
  /** Checkpoints on disk, ascending. */
  readonly checkpoints: readonly number[];
  /** Whether rounds may come from the journal. */
  readonly usesJournal: boolean;
}

/** What an earlier coordinator of the run has left beside the parameters. */
export interface RunPast {
  readonly fingerprint?: FingerprintEntry;
  /** Whether another fingerprint may follow. */
  readonly mayRebase: boolean;
  readonly wantedWorkers?: number;
  /** Why it was paused last. */
  readonly pauseReason?: string;
  /** Who computed its last commit: they come back. */
  readonly workers?: readonly string[];
  /** How it ended before. */
  readonly finished?: FinishedEntry;
}

/** Everything that a {@link HostedRun} is put together from. */
export interface RunParts extends LearningSide {
  readonly folder: RunFolder;
  readonly log: CommitLog;
  /** This process, in the leader record. */
  readonly leader: string;
  readonly storage: RunStorage;
  readonly events: RunEvents;
  readonly reporter: RunReporter;
  readonly journal: Journal | undefined;
  readonly committed: CommittedParameters;
  readonly store: CheckpointStore;
  readonly checkpoints: RunCheckpoints;
  readonly runArtery?: RunArtery;
  readonly start: RunStart;
  readonly past: RunPast;
  readonly logger: Logger;
}

/** The fields of record 0 that depend on where a run comes from. */
export type RunOrigin = Pick<RunEntry, 'step' | 'version' | 'parent'>;

/** The checkpoints of a run, with the crash points of their making. */
export function openStore(folder: RunFolder): CheckpointStore {
  return new CheckpointStore(folder.checkpoints, {
    beforeRename: () => failPoint('before-checkpoint-rename'),
    afterRename: () => failPoint('after-checkpoint-rename'),
  });
}

/** A name for this process's leadership. */
export function newLeader(): string {
  return randomUUID();
}

/** Opens what is written beside the log, and puts the parts together. */
export async function openParts(
  given: LearningSide &
    Pick<RunParts, 'folder' | 'log' | 'leader' | 'storage' | 'store' | 'runArtery' | 'start' | 'past'> &
    Pick<RunSurroundings, 'traffic' | 'logger'>,
): Promise<RunParts> {
  const { folder, storage, start, trainer, meta, logger, traffic, store, runArtery } = given;
  const run = folder.runId;
  const incomplete = (file: string) => (error: Error) => logger.warn(`${file} is incomplete`, { run, error });
  const events = await RunEvents.open(folder.file('events.ndjson'), incomplete('events.ndjson'));
  storage.events = events;
  const reporter = await RunReporter.open({ folder, meta, events, traffic, onError: incomplete('measurements.ndjson') });
  const onOff = (reason: string): void => events.emit('journal.off', { reason });
  const journal = meta.journal ? await Journal.open(folder, { step: start.step, onOff }) : undefined;
  const { position } = start;
  const committed = new CommittedParameters(trainer, { usesPrevious: meta.usesPrevious === true, ...(position && { start: position }) });
  const checkpoints = new RunCheckpoints({
    run,
    store,
    guard: storage.guard,
    journal,
    layout: meta.parametersLayout,
    keep: meta.keep,
    trainer,
    committed,
    known: start.checkpoints,
    validation: () => reporter.validation,
    onWritten: (step, path, manifest) => {
      events.emit('checkpoint.written', { step, path, manifest: manifestDigest(manifest), bytes: bytesOf(manifest) });
      runArtery?.written(step);
    },
    onRemoved: (step) => events.emit('checkpoint.removed', { step }),
  });
  return { ...given, events, reporter, journal, committed, checkpoints };
}

function bytesOf({ files }: CheckpointManifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

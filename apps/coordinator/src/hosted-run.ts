/**
 * One run from its acceptance to its end: makes the folder, puts the parts together, runs the loop, and leaves a readable folder
 * however the run ended. Checkpoint 0, spec and bundle are durable before record 1 of the log.
 */
import { createHash } from 'node:crypto';
import { paramsDigest, writeDurably } from '@geodesic/checkpoint';
import type { Fingerprint, RoundFailure } from '@geodesic/cluster';
import type { Logger } from '@geodesic/telemetry';
import { ParameterPublisher, WireError } from '@geodesic/wire';
import type { Traffic } from '@geodesic/wire';
import { CheckpointWriter } from './checkpoint-writer.ts';
import type { CapturedCheckpoint } from './checkpoint-writer.ts';
import { CommitLogFile } from './commit-log-file.ts';
import { CommittedParameters } from '@geodesic/cluster';
import { reportError } from './errors.ts';
import type { ErrorReport } from './errors.ts';
import { RunEvents } from './run-events.ts';
import { createRunFolder } from './run-folder.ts';
import type { RunFolder } from './run-folder.ts';
import { RoundObjects } from './round-objects.ts';
import { RunLoop } from './run-loop.ts';
import type { CommittedStep, CurvatureReport, RejectedAttempt } from './run-loop.ts';
import type { RunMeta, RunTrainer } from './run-meta.ts';
import { RunReporter } from './run-reporter.ts';
import type { FinishedData, RunResult, RunState } from './run-result.ts';
import { WorkerPool } from './worker-pool.ts';

/** Options of {@link hostRun}. */
export interface HostedRunOptions {
  /** The folder of run folders; exists. */
  readonly runs: string;
  readonly bundle: Uint8Array;
  readonly trainer: RunTrainer;
  readonly meta: RunMeta;
  readonly traffic: () => Traffic;
  readonly logger: Logger;
}

/** `sha256:` of a bundle, under which workers fetch it. */
export function bundleDigestOf(bundle: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
}

/** Accepts a run: everything that record 0 vouches for is durable when the promise resolves. */
export async function hostRun(options: HostedRunOptions): Promise<HostedRun> {
  const folder = await createRunFolder({ runs: options.runs, meta: options.meta, bundle: options.bundle, now: new Date() });
  const events = new RunEvents(folder.file('events.ndjson'), (error) =>
    options.logger.warn('events.ndjson is incomplete', { run: folder.runId, error }),
  );
  const reporter = await RunReporter.open({ folder, meta: options.meta, events, traffic: options.traffic });
  const log = await CommitLogFile.create(folder.file('commit.log'));
  const run = new HostedRun({ ...options, folder, events, reporter, log });
  await run.prepare();
  return run;
}

/** A run of this coordinator. */
export class HostedRun {
  readonly runId: string;
  readonly directory: string;
  readonly bundle: Uint8Array;
  readonly bundleDigest: string;
  readonly events: RunEvents;
  readonly pool: WorkerPool;
  readonly publisher: ParameterPublisher;
  readonly #objects = new RoundObjects();
  readonly #options: HostedRunOptions & { folder: RunFolder; events: RunEvents; reporter: RunReporter; log: CommitLogFile };
  readonly #committed: CommittedParameters;
  readonly #checkpoints: CheckpointWriter;
  readonly #loop: RunLoop;
  #captured: CapturedCheckpoint | undefined;
  #hasStarted = false;

  /** Use {@link hostRun}. */
  constructor(options: HostedRunOptions & { folder: RunFolder; events: RunEvents; reporter: RunReporter; log: CommitLogFile }) {
    const { folder, events, trainer, meta, log, bundle } = options;
    this.#options = options;
    this.runId = folder.runId;
    this.directory = folder.path;
    this.bundle = bundle;
    this.bundleDigest = bundleDigestOf(bundle);
    this.events = events;
    const committed = new CommittedParameters(trainer, { usesPrevious: meta.usesPrevious === true });
    this.#committed = committed;
    this.publisher = new ParameterPublisher({ snapshot: () => committed.snapshot() });
    this.pool = new WorkerPool({
      run: this.runId,
      bundleDigest: this.bundleDigest,
      leaseMs: meta.leaseMs,
      heartbeatMs: meta.heartbeatMs,
      observer: {
        joined: (worker, details) => this.#joined(worker, details),
        lost: (worker, reason) => events.emit('worker.lost', { worker, reason }),
        progress: (worker, report) => events.emit('worker.progress', { worker, ...report }),
      },
    });
    this.#checkpoints = new CheckpointWriter({
      folder,
      trainer,
      committed,
      layout: meta.parametersLayout,
      onWritten: (step, path) => events.emit('checkpoint.written', { step, path }),
    });
    const observer = {
      advanced: (step: number) => this.#advanced(step),
      committed: (step: CommittedStep) => this.#stepCommitted(step),
      rejected: (attempt: RejectedAttempt) => this.#rejected(attempt),
      refreshed: (report: CurvatureReport) => events.emit('curvature.refreshed', { ...report }),
      evaluated: options.reporter.evaluated.bind(options.reporter),
      unevaluated: (failure: RoundFailure) => events.emit('evaluation.failed', { ...failure }),
    };
    const { runId: run, pool, publisher } = this;
    this.#loop = new RunLoop({ run, trainer, committed, pool, publisher, objects: this.#objects, log, observer });
  }

  /** Makes checkpoint 0 and record 0 durable. */
  async prepare(): Promise<void> {
    const { log, meta } = this.#options;
    await this.#checkpoints.write(this.#checkpoints.capture(0));
    const { chain, checksum } = this.#committed.position;
    const { specDigest, seed, engine } = meta;
    await log.append({ type: 'run', run: this.runId, specDigest, bundleDigest: this.bundleDigest, chain, checksum, seed, engine });
  }

  /** Runs to the end; the folder is complete and every worker told when the promise resolves. Never rejects. */
  async run(): Promise<FinishedData> {
    let state: RunState;
    let error: ErrorReport | undefined;
    try {
      state = await this.#loop.run();
    } catch (cause) {
      state = 'failed';
      error = await this.#reportFailure(cause);
      this.#options.logger.error('the run failed', { run: this.runId, error: cause });
    }
    const finished = await this.#finish(state, error);
    this.events.emit('run.finished', { ...finished });
    await this.events.close();
    this.pool.end(finished.state);
    this.publisher.close();
    return finished;
  }

  /** What workers may fetch. @throws {WireError} NOT_FOUND */
  object(digest: string): Uint8Array {
    const found = digest === this.bundleDigest ? this.bundle : this.#objects.find(digest);
    if (found) return found;
    throw new WireError('NOT_FOUND', `fetch: expected the bundle or a vector in use, got ${digest}`, 'go on: its round is over');
  }

  /** Stops after the step in progress, within about a second. */
  stop(reason: string): void {
    this.#loop.stop(reason);
  }

  #joined(worker: string, { pid, fingerprint }: { pid: number; fingerprint: Fingerprint }): void {
    const { reporter, log } = this.#options;
    this.events.emit('worker.joined', { worker, pid });
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    reporter.started(this.pool.size);
    const solve = this.#options.trainer.fingerprint;
    log.append({ type: 'fingerprint', fingerprint, ...(solve && { solve }) }).catch(() => undefined); // the next step's append fails with the same error
  }

  #advanced(step: number): void {
    const { checkpointEvery, steps } = this.#options.meta;
    const isDue = checkpointEvery > 0 && step > 0 && step < steps && step % checkpointEvery === 0;
    if (isDue) this.#captured = this.#checkpoints.capture(step);
  }

  #stepCommitted(step: CommittedStep): void {
    const { reporter, logger } = this.#options;
    reporter.committed(step);
    this.#keepDumps();
    const captured = this.#captured;
    this.#captured = undefined;
    if (captured === undefined) return;
    this.#checkpoints
      .write(captured)
      .catch((error: unknown) => logger.error('checkpoint not written; the run goes on', { step: captured.step, error }));
  }

  #rejected(attempt: RejectedAttempt): void {
    if (attempt.takenBack) this.#checkpoints.disprove(attempt.step - 1);
    this.events.emit('step.rejected', { ...attempt });
  }

  /** A failure with the place from which to start again: the parameters of the last step have not been seen to work. */
  async #reportFailure(cause: unknown): Promise<ErrorReport> {
    const report = reportError(cause);
    await this.#checkpoints.idle();
    const path = this.#checkpoints.lastProven(this.#loop.step);
    return path === undefined ? report : { ...report, message: `${report.message}; the last good checkpoint is ${path}` };
  }

  /** Keeps matrices that could not be inverted at first; the step went on without waiting for them. */
  #keepDumps(): void {
    const { folder, logger, trainer } = this.#options;
    for (const { name, bytes } of trainer.takeDumps?.() ?? []) {
      const path = folder.failedFactor(name);
      logger.warn('a curvature factor was not positive definite', { run: this.runId, kept: path });
      writeDurably(path, bytes).catch((error: unknown) => logger.warn('the factor was not kept', { path, error }));
    }
  }

  async #finish(state: RunState, error: ErrorReport | undefined): Promise<FinishedData> {
    const { folder, log, reporter, trainer, meta, logger } = this.#options;
    const { step, stopReason } = this.#loop;
    const digest = paramsDigest(meta.parametersLayout, this.#committed.parameters);
    const measurements = state === 'completed' ? (trainer.result?.() ?? {}) : {};
    const result: RunResult = reporter.result({ state, steps: step, paramsDigest: digest, measurements });
    const reason = error?.message ?? stopReason;
    const { version, chain } = this.#committed.position;
    try {
      await this.#checkpoints.idle();
      if (this.#checkpoints.lastStep !== step) await this.#checkpoints.write(this.#checkpoints.capture(step));
      if (stopReason !== undefined) await log.append({ type: 'control', action: 'stop', step: step + 1, reason: stopReason });
      await log.append({ type: 'finished', state, step, version, chain, paramsDigest: digest, ...(reason !== undefined && { reason }) });
      await log.close();
      await reporter.close();
      await writeDurably(folder.file('result.json'), `${JSON.stringify({ ...result, ...(error && { error }) }, undefined, 2)}\n`);
      await writeDurably(folder.file('run.svg'), reporter.picture(result));
    } catch (cause) {
      logger.error('the run folder is incomplete', { run: this.runId, error: cause });
      return { state: 'failed', result: { ...result, state: 'failed' }, error: error ?? reportError(cause) };
    }
    return { state, result, ...(error && { error }) };
  }
}

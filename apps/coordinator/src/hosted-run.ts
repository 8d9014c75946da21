/**
 * One run of this coordinator, new or taken up again: puts workers, loop and folder together and carries what happens from one to the others.
 * However it ends, the folder is readable, and a resume can go on from it.
 */
import { contentDigest } from '@geodesic/checkpoint';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlEntry, Fingerprint, LogEntry } from '@geodesic/cluster';
import type { RunStoreError } from '@geodesic/run-store';
import { ParameterPublisher, WireError } from '@geodesic/wire';
import type { ControlRequest, RunStatus } from '@geodesic/wire';
import type { ErrorReport } from './errors.ts';
import { finishRun } from './finish-run.ts';
import { openPool } from './open-pool.ts';
import { controlError, requireWorker } from './control-errors.ts';
import { RoundObjects } from './round-objects.ts';
import type { RunEvents } from './run-events.ts';
import { RunFingerprint } from './run-fingerprint.ts';
import { RunKeeper } from './run-keeper.ts';
import { RunLoop, STOP_GRACE_MS } from './run-loop.ts';
import type { RunNews } from './run-loop-observer.ts';
import type { RunParts } from './run-parts.ts';
import type { FinishedData, RunState } from './run-result.ts';
import { isDeposition, watchStanding } from './standing-watch.ts';
import type { WorkerPool } from './worker-pool.ts';

/** How long the end of a run waits for NATS while it is there, ms: for its last checkpoint, and then for its last event. */
const ARTERY_GRACE_MS = { completed: 30_000, otherwise: 2000, event: 2000 };

/** How long a wish waits for the log's copy, ms: who asks waits for 10 s. */
const ADMISSION_MS = 8000;

/** Why a run is left to another coordinator. */
export interface Leaving {
  /** LOG_DEPOSED. */
  readonly reason: RunStoreError;
  /** How long what NATS does not have yet may go there, ms. */
  readonly flushMs: number;
}

/** A run of this coordinator. */
export class HostedRun {
  readonly runId: string;
  readonly directory: string;
  readonly bundleDigest: string;
  readonly events: RunEvents;
  readonly pool: WorkerPool;
  readonly publisher: ParameterPublisher;
  readonly #objects = new RoundObjects();
  readonly #parts: RunParts;
  readonly #loop: RunLoop;
  readonly #keeper: RunKeeper;
  readonly #fingerprint: RunFingerprint;
  readonly #startedAt = performance.now();
  #wantedWorkers: number | undefined;
  #pauseReason: string;
  /** Workers that have joined. */
  readonly #met = new Set<string>();
  #ended: RunState | undefined;
  /** The run goes on under another coordinator. */
  #left: Leaving | undefined;

  /** Everything that record 0 vouches for is durable. */
  constructor(parts: RunParts) {
    const { folder, events, trainer, committed, journal, start, past } = parts;
    this.#parts = parts;
    this.runId = folder.runId;
    this.directory = folder.path;
    this.bundleDigest = contentDigest(parts.bundle);
    this.events = events;
    this.#wantedWorkers = past.wantedWorkers;
    this.#pauseReason = past.pauseReason ?? '';
    this.#keeper = new RunKeeper(parts);
    this.#fingerprint = new RunFingerprint(parts);
    this.publisher = new ParameterPublisher({ snapshot: () => committed.snapshot(), isHeldBack: (start.ahead?.length ?? 0) > 0 });
    this.pool = openPool(parts, {
      joined: (worker, details) => this.#joined(worker, details),
      event: (type, data) => events.emit(type, data),
    });
    this.#loop = new RunLoop({
      ...start,
      run: this.runId,
      trainer,
      committed,
      pool: this.pool,
      publisher: this.publisher,
      objects: this.#objects,
      log: { append: (entry) => this.#append(entry) },
      observer: { told: (news) => this.#told(news) },
      ...(journal && {
        journal: start.usesJournal ? journal : { append: (record) => journal.append(record), take: async () => undefined },
      }),
      gate: () => this.#keeper.gate,
    });
  }

  /** How the run stands. */
  get status(): RunStatus {
    const { log, meta, runArtery } = this.#parts;
    const { engine, steps } = meta;
    return {
      run: this.runId,
      directory: this.directory,
      state: this.#state(),
      step: this.#loop.step,
      steps,
      term: log.term,
      workers: this.pool.workers,
      engine,
      ...(runArtery && { artery: runArtery.status }),
    };
  }

  /** Workers of the coordinator before this one that have not come back: they look for the run. */
  get absent(): readonly string[] {
    return (this.#parts.past.workers ?? []).filter((worker) => !this.#met.has(worker));
  }

  /** This process, in the leader record. */
  get leadership(): Pick<RunParts, 'folder' | 'leader'> & { readonly term: number } {
    const { folder, leader, log } = this.#parts;
    return { folder, leader, term: log.term };
  }

  /** Runs to the end; the folder is complete and every worker told when the promise resolves. Never rejects. */
  async run(): Promise<FinishedData> {
    const { past, start, logger, log, runArtery } = this.#parts;
    let state: RunState;
    let error: ErrorReport | undefined;
    let cause: unknown;
    const endWatch = watchStanding(log, (deposition) => this.#loop.end(deposition));
    try {
      if (start.ahead?.length === 0) this.#recovered();
      state = await this.#loop.run();
    } catch (thrown) {
      state = 'failed';
      cause = this.#left?.reason ?? thrown;
      error = await this.#keeper.reportFailure(cause, this.#loop.step);
      if (this.#left) logger.info('the run is left to another coordinator', { run: this.runId, step: this.#loop.step, error: cause });
      else logger.error('the run failed', { run: this.runId, error: thrown });
    }
    endWatch();
    const { step, ahead, stopReason } = this.#loop;
    const end = { state, step, ahead, cause, ...(error && { error }), ...(stopReason !== undefined && { stopReason }) };
    const finished = await finishRun(this.#parts, { ...end, ...(past.finished && { before: past.finished }) });
    // Whatever was asked of it at last: the run and its workers are another's.
    const isDeposed = finished.error?.code === 'LOG_DEPOSED' || (this.#left !== undefined && finished.state === 'failed');
    this.#ended = finished.state;
    this.#parts.storage.close();
    if (!isDeposed) {
      await runArtery?.settled(finished.state === 'completed' ? ARTERY_GRACE_MS.completed : ARTERY_GRACE_MS.otherwise);
      this.events.emit('run.finished', { ...finished });
    }
    await this.events.close();
    if (isDeposed) this.pool.release();
    else this.pool.end(finished.state);
    this.publisher.close();
    await runArtery?.close(isDeposed ? (this.#left?.flushMs ?? 0) : ARTERY_GRACE_MS.event);
    return finished;
  }

  /** What may be fetched: the bundle, the vectors in use, and the manifests and chunks of the checkpoints. @throws {WireError} NOT_FOUND */
  async object(digest: string): Promise<Uint8Array> {
    const found = digest === this.bundleDigest ? this.#parts.bundle : this.#objects.find(digest);
    const object = found ?? (await this.#parts.store.objects.read(digest));
    if (object) return object;
    const expected = 'the bundle, a vector in use, or an object of a checkpoint';
    throw new WireError('NOT_FOUND', `fetch: expected ${expected}, got ${digest}`, 'go on: its round is over, or its checkpoint gone');
  }

  /**
   * Takes a person's wish; it is in the log when the promise resolves.
   * @returns the first step for which it holds
   * @throws {WireError} NOT_FOUND for a worker, REFUSED when the run is ending, or NATS is away and the run has a standby
   */
  async control({ action, reason, workers, worker }: Omit<ControlRequest, 'run'>): Promise<number> {
    await this.#admissible();
    if (action === 'stop') return this.stop(reason);
    if (worker !== undefined && action === 'drain') requireWorker(this.pool.workers, worker);
    try {
      const request = { action, reason, ...(workers !== undefined && { workers }), ...(worker !== undefined && { worker }) };
      return (await this.#loop.control(request)).step;
    } catch (cause) {
      throw controlError(cause);
    }
  }

  /**
   * Stops after the step in progress, within about a second; resolves when that is in the log, or the log cannot be written.
   * @throws {WireError} REFUSED: the run goes on under another coordinator
   */
  async stop(reason: string): Promise<number> {
    const { log, storage } = this.#parts;
    const step = this.#loop.nextStep;
    storage.stopWaiting();
    if (this.#loop.isOver || this.#loop.stopReason !== undefined) return step; // nothing may follow the record of the end
    const logged = log.append({ type: 'control', action: 'stop', step, reason });
    this.#loop.stop(reason); // takes effect at once: a stop must work when the disk does not
    await logged.catch((error: unknown) => {
      if (isDeposition(error)) throw controlError(error); // any other error is how the run ends
    });
    return step;
  }

  /** Ends without a record in the log, for another coordinator to go on; what is durable is announced, and workers are let go. */
  leave(leaving: Leaving): void {
    this.#left ??= leaving;
    this.#loop.end(leaving.reason);
    setTimeout(() => this.#parts.log.abandon(), STOP_GRACE_MS).unref(); // what waits to be written or admitted is made again
  }

  /** A wish has to be in the log's copy before it holds. It waits here, where it holds no step, and not for longer than who asks. */
  async #admissible(): Promise<void> {
    const { replica } = this.#parts.runArtery ?? {};
    if (replica === undefined) return;
    const patience = new AbortController();
    const late = delay(ADMISSION_MS, true, { signal: patience.signal, ref: false }).catch(() => false);
    const ready = replica.ready().then(() => false);
    ready.catch(() => undefined); // it may come after this has been refused
    try {
      if (!(await Promise.race([ready, late]))) return;
    } catch (cause) {
      throw controlError(cause);
    } finally {
      patience.abort();
    }
    const message = `control: expected an answer from the copy of the log, got none in ${ADMISSION_MS / 1000} s`;
    throw new WireError('REFUSED', message, 'the run goes on; ask again when NATS is back');
  }

  #state(): RunStatus['state'] {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#loop.stopReason !== undefined) return 'stopping';
    if (this.#loop.ahead > 0) return 'recovering';
    return this.#loop.isPaused || this.#parts.storage.isFailing ? 'paused' : 'running';
  }

  #told(news: RunNews): void {
    const { reporter, checkpoints, events, logger } = this.#parts;
    switch (news.type) {
      case 'advanced':
        this.#keeper.advanced(news.step);
        break;
      case 'reproduced':
        if (news.layers) events.emit('curvature.refreshed', { step: news.step, layers: news.layers });
        this.#keeper.durable();
        if (this.#loop.ahead === 0) this.#recovered();
        break;
      case 'committed': {
        const { type: _type, ...step } = news;
        reporter.committed(step);
        this.#keeper.durable();
        break;
      }
      case 'rejected': {
        const { type: _type, ...attempt } = news;
        if (attempt.takenBack) checkpoints.disprove(attempt.step - 1);
        events.emit('step.rejected', attempt);
        break;
      }
      case 'refreshed': {
        const { type: _type, ...report } = news;
        events.emit('curvature.refreshed', report);
        break;
      }
      case 'evaluated':
        reporter.evaluated(news);
        break;
      case 'unevaluated':
        events.emit('evaluation.failed', { ...news.failure });
        break;
      case 'controlled':
        this.#controlled(news.entry);
        break;
      case 'paused':
        logger.info('the run is paused', { run: this.runId, step: news.step });
        events.emit('run.paused', { step: news.step, reason: this.#pauseReason });
        break;
    }
  }

  #controlled({ action, step, reason, workers, worker }: ControlEntry): void {
    const { events } = this.#parts;
    if (action === 'pause') this.#pauseReason = reason;
    if (action === 'resume') events.emit('run.continued', { step, reason });
    if (action === 'drain' && worker !== undefined) this.pool.drain(worker);
    if (action !== 'scale' || workers === undefined) return;
    this.#wantedWorkers = workers;
    events.emit('run.scaled', { workers, reason });
    this.#drainSurplus();
  }

  /** Lets the last workers in code-unit order go when there are more than are wanted. */
  #drainSurplus(): void {
    if (this.#wantedWorkers === undefined) return;
    const staying = this.pool.workers.filter(({ state }) => state !== 'draining');
    for (const { worker } of staying.slice(this.#wantedWorkers)) this.pool.drain(worker);
  }

  #joined(worker: string, { pid, fingerprint }: { pid: number; fingerprint: Fingerprint }): void {
    const { reporter } = this.#parts;
    this.#met.add(worker);
    this.events.emit('worker.joined', { worker, pid });
    if (!this.#loop.isOver) this.#fingerprint.joined(fingerprint); // nothing may follow the record of the end
    if (!reporter.hasStarted) reporter.started(this.pool.size);
    this.#drainSurplus();
  }

  /** The parameters stand at the head of the log again. */
  #recovered(): void {
    const { replayed, recomputed } = this.#loop.rounds;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#parts.reporter.recovered({ step: this.#loop.step, seconds, replayed, recomputed });
  }

  async #append(entry: LogEntry): Promise<void> {
    const { log, reporter } = this.#parts;
    await log.append(entry);
    if (entry.type === 'step' || entry.type === 'rejected') reporter.dropped(entry);
  }
}

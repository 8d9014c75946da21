/**
 * The coordinator's services: takes one run at a time, new, forked or taken up again, lets people watch and control it, and serves its bundle,
 * parameters and uploads. A run that is over stays watchable until the next one or the end of the process.
 */
import { writeLeader } from '@geodesic/run-store';
import type { RunStoreError } from '@geodesic/run-store';
import { WireError } from '@geodesic/wire';
import type { ControlRequest, ExchangeService, RunEvent, RunsService, RunStatus, Submission } from '@geodesic/wire';
import { createRun } from './create-run.ts';
import { reportError } from './errors.ts';
import { openForkPoint, openLearning } from './fork-point.ts';
import type { HostedRun, Leaving } from './hosted-run.ts';
import type { Lobby } from './lobby.ts';
import { resumeRun } from './resume-run.ts';
import type { ResumeRequest } from './resume-run.ts';
import type { TrainerFactory } from './run-meta.ts';
import type { RunSurroundings } from './run-parts.ts';
import type { FinishedData } from './run-result.ts';

/** Options of {@link RunHost}. */
export interface RunHostOptions extends RunSurroundings {
  readonly createTrainer: TrainerFactory;
  readonly lobby: Lobby;
  /** Where this process listens, once it does. */
  readonly address: () => string;
  /** No second run will come: workers are sent home after the first. */
  readonly once: boolean;
  readonly onFinished: (finished: FinishedData) => void;
  /** The bundle was refused. */
  readonly onRefused: (error: WireError) => void;
}

/** Hosts runs, one at a time. */
export class RunHost implements RunsService {
  readonly #options: RunHostOptions;
  #run: HostedRun | undefined;
  #active: Promise<void> | undefined;
  #stopReason: string | undefined;
  #leaving: Leaving | undefined;

  constructor(options: RunHostOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the end of the last run has been read by whoever watches it, and its workers have heard of it, those too who have not come
   * back since it was taken up; at once when there was no run.
   */
  async delivered(): Promise<void> {
    await Promise.all([this.#run?.events.delivered, this.#options.lobby.allTold(this.#run?.absent ?? [])]);
  }

  async submit(submission: Submission): Promise<{ runId: string; directory: string }> {
    const { runId, directory } = await this.#host(() => this.#accept(submission));
    return { runId, directory };
  }

  /** Takes a run up again; resolves when it goes on. @throws what {@link resumeRun} refuses it with */
  async resume(request: ResumeRequest): Promise<void> {
    await this.#host(() => resumeRun(this.#options, request));
  }

  watch(runId: string, fromSequence: number, signal: AbortSignal): AsyncIterable<RunEvent> {
    return this.#find(runId, 'watch').events.watch(fromSequence, signal);
  }

  async control({ run, ...wish }: ControlRequest): Promise<{ step: number }> {
    return { step: await this.#present(run, 'control').control(wish) };
  }

  async get(run: string): Promise<RunStatus> {
    return this.#present(run, 'get').status;
  }

  /** Stops the run in progress, if any; resolves when it is over. */
  async shutdown(reason: string): Promise<void> {
    this.#stopReason = reason; // of a run that is being opened
    this.#run?.stop(reason).catch(() => undefined); // how it ends is told by its end
    await this.#active;
  }

  /**
   * Ends the run in progress, if any, without a word in its log: it goes on under another coordinator. Resolves when that is done.
   * @param flushMs how long what NATS does not have yet may go there
   */
  async leave(reason: RunStoreError, flushMs: number): Promise<void> {
    this.#leaving = { reason, flushMs }; // also of a run that is being opened
    this.#run?.leave(this.#leaving);
    await this.#active;
  }

  /** The Exchange service of the run in progress. */
  get exchange(): ExchangeService {
    return {
      admit: (header) => (this.#run ? this.#run.pool.judge(header) : { result: 'stale', detail: 'no run' }),
      contribute: (contribution) => (this.#run ? this.#run.pool.contribute(contribution) : { result: 'stale', detail: 'no run' }),
      fetch: (digest) => {
        if (this.#run) return this.#run.object(digest);
        throw new WireError('NOT_FOUND', `fetch: expected an object of the run in progress, got ${digest}`, 'join again');
      },
      follow: ({ run }) => this.#find(run, 'follow').publisher,
    };
  }

  /** Opens a run and conducts it; resolves when it is open. */
  async #host(open: () => Promise<HostedRun>): Promise<HostedRun> {
    if (this.#active) {
      throw new WireError(
        'BUSY',
        'submit: expected no run in progress, got one',
        'wait for its end, stop it, or start another coordinator',
      );
    }
    const opened = open();
    // Taken before the first await, so that two submissions at once cannot both pass.
    this.#active = opened.then(
      (run) => this.#conduct(run),
      () => (this.#active = undefined),
    );
    return opened;
  }

  async #accept({ bundle, fork }: Submission): Promise<HostedRun> {
    const { createTrainer, onRefused, runs } = this.#options;
    const origin = fork && (await openForkPoint(runs, fork));
    let learning: Awaited<ReturnType<typeof openLearning>>;
    try {
      learning = await openLearning(createTrainer, bundle, origin);
    } catch (cause) {
      const { message } = reportError(cause);
      const hint = fork
        ? 'fork with changes that keep the model'
        : 'the bundle was made by another version or is damaged: submit the run again';
      const error = new WireError('BUNDLE', `submit: expected a bundle that can be run, got ${message}`, hint, { cause });
      onRefused(error);
      throw error;
    }
    try {
      return await createRun({ ...this.#options, bundle, ...learning, fork: origin });
    } catch (cause) {
      const { message } = reportError(cause);
      throw new WireError(
        'REFUSED',
        `submit: expected to write the run folder, got ${message}`,
        'check the folder and the space on its disk',
        { cause },
      );
    }
  }

  async #conduct(run: HostedRun): Promise<void> {
    const { lobby, logger, once, onFinished, address } = this.#options;
    this.#run = run;
    const { folder, leader, term } = run.leadership;
    logger.info('run accepted', { run: run.runId, directory: run.directory, term });
    // For people and for whoever wants to take the run over: nothing depends on it.
    await writeLeader(folder, { address: address(), leader, term, startedAt: new Date().toISOString() }).catch((error: unknown) =>
      logger.warn('coordinator.json is not written', { run: run.runId, error }),
    );
    lobby.openRun(run.pool);
    if (this.#stopReason !== undefined) run.stop(this.#stopReason).catch(() => undefined);
    if (this.#leaving !== undefined) run.leave(this.#leaving);
    const finished = await run.run();
    const goesOn = finished.error?.code === 'LOG_DEPOSED' || (this.#leaving !== undefined && finished.state === 'failed');
    lobby.closeRun({ state: finished.state, final: once && !goesOn });
    if (!goesOn) logger.info('run over', { run: run.runId, state: finished.state });
    this.#active = undefined;
    onFinished(finished);
  }

  /** An empty name is the present run's. */
  #present(runId: string, operation: string): HostedRun {
    return runId === '' && this.#run ? this.#run : this.#find(runId, operation);
  }

  #find(runId: string, operation: string): HostedRun {
    if (this.#run?.runId === runId) return this.#run;
    throw new WireError(
      'NOT_FOUND',
      `${operation}: expected a run of this coordinator, got ${runId || 'none'}`,
      'use the id that submit returned',
    );
  }
}

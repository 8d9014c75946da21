/**
 * The coordinator's services: takes one run at a time, lets people watch and stop it, and serves its bundle, parameters and uploads.
 * A run that is over stays watchable until the next one or the end of the process.
 */
import type { Logger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { ExchangeService, RunEvent, RunsService, Traffic } from '@geodesic/wire';
import { reportError } from './errors.ts';
import { hostRun } from './hosted-run.ts';
import type { HostedRun } from './hosted-run.ts';
import type { Lobby } from './lobby.ts';
import type { TrainerFactory } from './run-meta.ts';
import type { FinishedData } from './run-result.ts';

/** Options of {@link RunHost}. */
export interface RunHostOptions {
  readonly runs: string;
  readonly createTrainer: TrainerFactory;
  readonly lobby: Lobby;
  readonly logger: Logger;
  readonly traffic: () => Traffic;
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

  constructor(options: RunHostOptions) {
    this.#options = options;
  }

  /** Resolves when the end of the last run has been read by whoever watches it, at once when there was no run. */
  async delivered(): Promise<void> {
    await this.#run?.events.delivered;
  }

  async submit(bundle: Uint8Array): Promise<{ runId: string; directory: string }> {
    if (this.#active) {
      throw new WireError(
        'BUSY',
        'submit: expected no run in progress, got one',
        'wait for its end, stop it, or start another coordinator',
      );
    }
    const accepted = this.#accept(bundle);
    // Taken before the first await, so that two submissions at once cannot both pass.
    this.#active = accepted.then(
      (run) => this.#conduct(run),
      () => (this.#active = undefined),
    );
    const { runId, directory } = await accepted;
    return { runId, directory };
  }

  watch(runId: string, fromSequence: number, signal: AbortSignal): AsyncIterable<RunEvent> {
    return this.#find(runId, 'watch').events.watch(fromSequence, signal);
  }

  async stop(runId: string, reason: string): Promise<void> {
    this.#find(runId, 'stop').stop(reason);
  }

  /** Stops the run in progress, if any; resolves when it is over. */
  async shutdown(reason: string): Promise<void> {
    this.#run?.stop(reason);
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

  async #accept(bundle: Uint8Array): Promise<HostedRun> {
    const { createTrainer, onRefused, runs, traffic, logger } = this.#options;
    let learning: Awaited<ReturnType<TrainerFactory>>;
    try {
      learning = await createTrainer(bundle);
    } catch (cause) {
      const { message } = reportError(cause);
      const hint = 'the bundle was made by another version or is damaged: submit the run again';
      const error = new WireError('BUNDLE', `submit: expected a bundle that can be run, got ${message}`, hint, { cause });
      onRefused(error);
      throw error;
    }
    try {
      return await hostRun({ runs, bundle, traffic, logger, ...learning });
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
    const { lobby, logger, once, onFinished } = this.#options;
    this.#run = run;
    logger.info('run accepted', { run: run.runId, directory: run.directory });
    lobby.openRun(run.pool);
    const finished = await run.run();
    lobby.closeRun({ state: finished.state, final: once });
    logger.info('run over', { run: run.runId, state: finished.state });
    this.#active = undefined;
    onFinished(finished);
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

/**
 * The one loop of a run: plan a round, have it computed, absorb its total, commit. A commit is an append to the log; the update is
 * streamed and the next round starts while the append is being made durable, and only then is the step announced. At most one commit
 * is under way. A rejected attempt is a commit of its own. Rounds with neither (evaluations) are absorbed and that is all. A round that no
 * worker can compute ends the run unless the trainer knows how to go on.
 */
import { planRound } from '@geodesic/cluster';
import type { Absorbed, Rejection, RoundFailure, RoundPlan, StepEntry } from '@geodesic/cluster';
import type { ParameterPublisher } from '@geodesic/wire';
import type { CommitLogFile } from './commit-log-file.ts';
import type { CommittedParameters } from '@geodesic/cluster';
import { ProgramFailed, RoundInterrupted } from './round-errors.ts';
import type { RoundObjects } from './round-objects.ts';
import type { RunTrainer } from './run-meta.ts';
import type { CompletedRound, WorkerPool } from './worker-pool.ts';

/** A durable step. */
export interface CommittedStep {
  readonly step: number;
  readonly phase: string;
  /** Real examples in it. */
  readonly examples: number;
  readonly measurements: Readonly<Record<string, number>>;
  /** Workers that contributed. */
  readonly workers: number;
}

/** A durable decision to give an attempt up. */
export interface RejectedAttempt extends Rejection {
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  /** The change of the step before was taken back, too. */
  readonly takenBack: boolean;
  /** Who met what, if a round could not be computed; not in the log, since in another cluster another worker meets it first. */
  readonly failure?: Pick<RoundFailure, 'worker' | 'reason'>;
}

/** What the curvature doctor says after its refresh in a step, a row for each layer. */
export interface CurvatureReport {
  readonly step: number;
  readonly layers: readonly object[];
}

/** An evaluation of the parameters after a step. */
export type Evaluation = NonNullable<Absorbed['evaluation']> & { readonly step: number };

/** Who is told of what the loop does, in order. */
export interface RunLoopObserver {
  /** Parameters and optimiser stand after this step, which is not yet durable: the moment to copy what a checkpoint needs. */
  advanced(step: number): void;
  /** The step is durable. */
  committed(step: CommittedStep): void;
  /** The rejection is durable. */
  rejected(attempt: RejectedAttempt): void;
  refreshed(report: CurvatureReport): void;
  evaluated(evaluation: Evaluation): void;
  /** An evaluation was left out. */
  unevaluated(failure: RoundFailure): void;
}

/** Options of {@link RunLoop}. */
export interface RunLoopOptions {
  readonly run: string;
  readonly trainer: RunTrainer;
  readonly committed: CommittedParameters;
  readonly pool: Pick<WorkerPool, 'round' | 'interrupt' | 'size'>;
  readonly publisher: Pick<ParameterPublisher, 'publish'>;
  /** Where workers find the vectors of rounds and updates. */
  readonly objects: RoundObjects;
  readonly log: Pick<CommitLogFile, 'append'>;
  readonly observer: RunLoopObserver;
}

/** A round that the trainer has answered: its total has been absorbed, or its failure. */
interface FinishedRound {
  readonly round: RoundPlan;
  readonly coverage: CompletedRound['coverage'];
  readonly examples: number;
  readonly absorbed: Absorbed;
  readonly failure?: RoundFailure;
}

/** How long a stop waits for the round in progress, ms; its work is lost then, no committed step is. */
const STOP_GRACE_MS = 1000;

/** Runs a run. */
export class RunLoop {
  readonly #options: RunLoopOptions;
  #commit: Promise<void> = Promise.resolve();
  #step = 0;
  #stopReason: string | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(options: RunLoopOptions) {
    this.#options = options;
  }

  /** The last step whose update has been applied. */
  get step(): number {
    return this.#step;
  }

  /** Why the run was asked to stop, if it was. */
  get stopReason(): string | undefined {
    return this.#stopReason;
  }

  /** Runs to the end, or to a stop. Every step is durable when the promise resolves. @throws what made the run fail */
  async run(): Promise<'completed' | 'stopped'> {
    const { run, trainer, committed, objects } = this.#options;
    try {
      while (this.#stopReason === undefined) {
        const plan = trainer.plan();
        if (plan === undefined) {
          await this.#commit;
          return 'completed';
        }
        objects.begin(plan.inputs);
        const finished = await this.#finishRound(planRound({ run, plan, position: committed.position }));
        await this.#commit;
        this.#conclude(finished);
      }
    } catch (error) {
      await this.#commit; // an error of the log says more than the interruption that it causes
      if (!(error instanceof RoundInterrupted)) throw error;
    } finally {
      clearTimeout(this.#graceTimer);
    }
    await this.#commit;
    return 'stopped';
  }

  /** Stops after the round in progress, or after a second, or at once when nobody computes it. */
  stop(reason: string): void {
    if (this.#stopReason !== undefined) return;
    this.#stopReason = reason;
    const interrupt = (): void => this.#options.pool.interrupt(new RoundInterrupted(reason));
    if (this.#options.pool.size === 0) interrupt();
    else this.#graceTimer = setTimeout(interrupt, STOP_GRACE_MS);
  }

  async #finishRound(round: RoundPlan): Promise<FinishedRound> {
    const { trainer, pool } = this.#options;
    try {
      const { total, coverage } = await pool.round(round);
      const examples = total.count; // the trainer owns the total from here on
      return { round, coverage, examples, absorbed: trainer.absorb(total) };
    } catch (error) {
      const absorbed = error instanceof ProgramFailed ? trainer.reject?.(error.failure) : undefined;
      if (absorbed === undefined) throw error;
      return { round, coverage: [], examples: 0, absorbed, failure: (error as ProgramFailed).failure };
    }
  }

  #conclude(finished: FinishedRound): void {
    const { round, absorbed, failure } = finished;
    const { committed, publisher, objects, observer, pool } = this.#options;
    const { update, rejected, layers, evaluation } = absorbed;
    if (update) {
      if ('combination' in update) objects.update(update.combination);
      publisher.publish(committed.advance(update));
    }
    if (update && !rejected) {
      this.#step = round.step;
      observer.advanced(round.step);
    }
    if (update || rejected) {
      this.#commit = rejected ? this.#logRejection(finished, rejected) : this.#logStep(finished);
      // The loop meets the error when it next awaits the commit; a round that waits for workers is ended by it.
      this.#commit.catch((error: unknown) => pool.interrupt(new RoundInterrupted(String(error))));
    }
    if (layers) observer.refreshed({ step: round.step, layers });
    if (evaluation) observer.evaluated({ ...evaluation, step: round.step });
    if (failure && !rejected) observer.unevaluated(failure);
  }

  async #logRejection({ round, absorbed, failure }: FinishedRound, { reason, damping }: Rejection): Promise<void> {
    const { log, committed, observer } = this.#options;
    const { step, attempt, phase } = round;
    const rejection = { step, attempt, phase, reason, damping };
    const takenBack = absorbed.update !== undefined;
    await log.append({ type: 'rejected', ...rejection, ...(takenBack && { position: committed.position }) });
    observer.rejected({ ...rejection, takenBack, ...(failure && { failure: { worker: failure.worker, reason: failure.reason } }) });
  }

  async #logStep({ round, coverage, examples, absorbed }: FinishedRound): Promise<void> {
    const { log, committed, observer } = this.#options;
    const { step, attempt, phase, inputDigest } = round;
    const { record, measurements } = absorbed;
    const learned: Pick<StepEntry, 'record' | 'measurements'> = { ...(record && { record }), ...(measurements && { measurements }) };
    await log.append({ type: 'step', step, attempt, phase, ...committed.position, inputDigest, examples, coverage, ...learned });
    const workers = new Set(coverage.map(({ worker }) => worker)).size;
    observer.committed({ step, phase, examples, measurements: measurements ?? {}, workers });
  }
}

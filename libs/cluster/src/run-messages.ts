/**
 * What goes into and comes out of the {@link RunMachine}. The caller carries out the actions in order: it computes rounds, owns the log,
 * the streams and the checkpoints, and decides nothing that ends up in a bit.
 */
import type { CommittedUpdate } from './committed-parameters.ts';
import type { CoverageEntry } from './coordinator-messages.ts';
import type { Combination } from './combination.ts';
import type { Contribution } from './contribution.ts';
import type { ControlAction, ControlEntry, LogEntry } from './log-entries.ts';
import type { PlannedInputs } from './round-inputs.ts';
import type { RoundPlan } from './round.ts';
import type { Absorbed, Rejection, RoundFailure } from './training-interfaces.ts';

/** A durable step. */
export interface CommittedStep {
  readonly step: number;
  readonly phase: string;
  /** Real examples in it. */
  readonly examples: number;
  readonly measurements: Readonly<Record<string, number>>;
  /** Workers that contributed to its last round. */
  readonly workers: number;
}

/** A durable decision to give an attempt up. */
export interface RejectedAttempt extends Rejection {
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  /** The change of the step before was taken back, too. */
  readonly takenBack: boolean;
  /** Who met what, if a round could not be computed; not what is compared, since in another cluster another worker meets it first. */
  readonly failure?: Pick<RoundFailure, 'worker' | 'reason'>;
}

/** What the curvature doctor says after its refresh in a step, a row for each layer. */
export interface CurvatureReport {
  readonly step: number;
  readonly layers: readonly object[];
}

/** An evaluation of the parameters after a step. */
export type Evaluation = NonNullable<Absorbed['evaluation']> & { readonly step: number };

/** A request of a person. */
export interface ControlRequest {
  readonly action: Exclude<ControlAction, 'stop'>;
  readonly reason: string;
  readonly workers?: number;
  readonly worker?: string;
}

/** What a run hears. */
export type RunMachineEvent =
  | { readonly type: 'start' }
  /** The total of the round in progress, from workers or the journal; owned by the machine from here on. */
  | {
      readonly type: 'round-complete';
      readonly total: Contribution;
      readonly coverage: readonly CoverageEntry[];
      readonly dropped?: readonly number[];
    }
  /** No worker can compute the round in progress. */
  | { readonly type: 'round-abandoned'; readonly failure: RoundFailure }
  /** The oldest entry that was to be appended is durable. */
  | { readonly type: 'appended' }
  /** Is answered by the append of an entry, and by `controlled` when that is durable; by nothing once the run is ending. */
  | ({ readonly type: 'control' } & ControlRequest)
  /** End after the round in progress. */
  | { readonly type: 'stop' }
  /** End without waiting for the round in progress; only for the disk. */
  | { readonly type: 'interrupt' };

/** What a run does. */
export type RunMachineAction =
  /** Have this computed; `dropped` slots were left out when the log was written, and are again. */
  | { readonly type: 'begin-round'; readonly round: RoundPlan; readonly inputs?: PlannedInputs; readonly dropped?: readonly number[] }
  /** The parameters have moved: stream this. The arrays of a combination stay fetchable until the next one. */
  | { readonly type: 'publish'; readonly update: CommittedUpdate; readonly combination?: Combination }
  /** Parameters and optimiser stand after this step, which is not yet durable: the moment to copy what a checkpoint needs. */
  | { readonly type: 'advanced'; readonly step: number }
  /** Append to the log, durably, and say `appended`. */
  | { readonly type: 'append'; readonly entry: LogEntry }
  /**
   * A step or rejection that the log has already was made again, and is the same: it was announced before, if its process came to that.
   * `layers` are those of its `refreshed`.
   */
  | { readonly type: 'reproduced'; readonly step: number; readonly layers?: readonly object[] }
  | ({ readonly type: 'committed' } & CommittedStep)
  | ({ readonly type: 'rejected' } & RejectedAttempt)
  /** What was asked for is durable: do it. */
  | { readonly type: 'controlled'; readonly entry: ControlEntry }
  /** No round is begun before the run is resumed; this step is the next one. */
  | { readonly type: 'paused'; readonly step: number }
  /** Comes right before the `committed` of its step. */
  | ({ readonly type: 'refreshed' } & CurvatureReport)
  /** The log does not know of evaluations: one of a step that was reproduced comes again. */
  | ({ readonly type: 'evaluated' } & Evaluation)
  /** An evaluation was left out; comes again, too. */
  | { readonly type: 'unevaluated'; readonly failure: RoundFailure }
  /** The trainer has no answer to a round that nobody can compute; nothing more will come, and every entry is durable. */
  | { readonly type: 'failed'; readonly failure: RoundFailure }
  /** Nothing more will come; every entry is durable. */
  | { readonly type: 'ended'; readonly state: 'completed' | 'stopped' };

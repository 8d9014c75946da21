/** A run whose checkpoints are evaluated, wherever it is: in a folder of this host, or known by what is broadcast. */
import type { Fingerprint } from '@geodesic/cluster';
import type { Announcement, CheckpointAccess } from './checkpoint-access.ts';
import type { EvaluationResult } from './evaluation-result.ts';

/** What an evaluator needs of a run. */
export interface EvaluatedRun {
  readonly run: string;
  /** As it was submitted, verified. */
  readonly bundle: Uint8Array;
  /** The `compute` part of the numeric fingerprint that the run was made under, where that is known. */
  readonly compute?: Fingerprint;
  readonly access: CheckpointAccess;
  /** Results that are known already, by `identityOf`. */
  readonly told?: ReadonlySet<string>;
  /** The newest checkpoint, or that of a step. @throws {CliError} CHECKPOINT_MISSING or CHECKPOINT_DAMAGED */
  newest(step: number | undefined): Promise<Announcement>;
  /** Checkpoints as they become available, from the first on; ends after the run, or when the signal aborts. */
  announcements(signal: AbortSignal): AsyncIterable<Announcement>;
  /** Tells a result to whoever listens; resolves when that is stored. Absent where nobody can. */
  publish?(result: EvaluationResult): Promise<void>;
  /** What goes wrong with a checkpoint, as an error of the command. */
  failure(error: unknown): Promise<unknown>;
}

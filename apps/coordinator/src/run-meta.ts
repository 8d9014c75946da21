/**
 * What the cluster side of a run must know about its learning side, beside the arithmetic: sizes, names and cadences. The cluster
 * side never looks into the spec.
 */
import type { CheckpointFile, SafetensorsFile } from '@geodesic/checkpoint';
import type { Fingerprint, Trainer } from '@geodesic/cluster';
import type { MatrixDump } from '@geodesic/natural-gradient';
import type { KeepSpec } from '@geodesic/run-spec';
import type { Layout } from '@geodesic/tensor';

/** Facts about a run that hold from its start to its end. */
export interface RunMeta {
  /** The frozen run spec as plain JSON; written to spec.json. */
  readonly spec: unknown;
  /** `sha256:` over all of the spec that decides results. */
  readonly specDigest: string;
  readonly name: string;
  readonly seed: number;
  /** Steps in the whole run. */
  readonly steps: number;
  /** Slots of a training step. */
  readonly slots: number;
  /** Where each parameter lies in the flat vector; the order of paramsDigest. */
  readonly parametersLayout: Layout;
  /** The resolved engine, never `auto`. */
  readonly engine: string;
  /** Steps between two checkpoints; 0: only the first and the last. */
  readonly checkpointEvery: number;
  /** Which checkpoints stay; {}: all. */
  readonly keep: KeepSpec;
  /** Whether equal bits are promised. */
  readonly exactness: 'exact' | 'relaxed';
  /** Share of the slots with which a late round may be closed, in (0, 1]; relaxed runs only. Absent: every slot is waited for. */
  readonly quorum?: number;
  /** Silence after which a worker is lost, ms. */
  readonly leaseMs: number;
  /** Time between two heartbeats of a worker, ms. */
  readonly heartbeatMs: number;
  /** First pause of a worker whose contributions were found corrupt, ms. */
  readonly quarantineMs: number;
  /** Whether slots that are late are given to a second worker. */
  readonly backup: boolean;
  /** Whether round totals are kept beside the log. */
  readonly journal: boolean;
  /** Whether a program of the bundle reads the last committed change, or is moved by a part of it; default false. */
  readonly usesPrevious?: boolean;
  /** One line for people under the name in the run's picture. */
  readonly subtitle?: string;
}

/**
 * A trainer that can also be saved and summarised. `absorb` leaves `parameters` and `state` alone: the run loop applies the update to
 * them, by the same code as every worker.
 */
export interface RunTrainer extends Trainer {
  /** What the bits of `absorb` depend on beside what is absorbed: the `solve` part of the numeric fingerprint. */
  readonly fingerprint?: Fingerprint;
  /** What a checkpoint holds beside the parameters and state, by file name (`optimizer.safetensors`); arrays that are never written to again. */
  checkpoint?(): Readonly<Record<string, CheckpointFile>>;
  /** Matrices since the last call that could not be inverted at first, for the run's folder. */
  takeDumps?(): readonly MatrixDump[];
  /** Final measurements that replace or complete the last values of the run's own. */
  result?(): Readonly<Record<string, number>>;
}

/** From where a run goes on: a checkpoint of its own, or of the run that it was forked from. */
export interface ResumePoint {
  /** The last step that was made; 0 for none. */
  readonly step: number;
  /** The checkpoint's files, as `readCheckpoint` gives them. */
  readonly files: ReadonlyMap<string, Pick<SafetensorsFile, 'tensors'> & Partial<SafetensorsFile>>;
  /** For a fork: the optimiser's own state begins anew, its count of steps goes on. Default false. */
  readonly freshOptimizer?: boolean;
}

/**
 * Makes the learning side of a run from what was submitted.
 * @param resume default: before the first step
 * @throws what is wrong with the bundle; {CoordinatorError} CHECKPOINT_UNFIT where the checkpoint is of another run
 */
export type TrainerFactory = (
  bundle: Uint8Array,
  resume?: ResumePoint,
) => Promise<{ readonly trainer: RunTrainer; readonly meta: RunMeta }>;

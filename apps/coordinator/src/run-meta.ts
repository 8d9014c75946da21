/**
 * What the cluster side of a run must know about its learning side, beside the arithmetic: sizes, names and cadences. The cluster
 * side never looks into the spec.
 */
import type { CheckpointFile } from '@geodesic/checkpoint';
import type { Fingerprint, Trainer } from '@geodesic/cluster';
import type { MatrixDump } from '@geodesic/natural-gradient';
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
  /** Silence after which a worker is lost, ms. */
  readonly leaseMs: number;
  /** Time between two heartbeats of a worker, ms. */
  readonly heartbeatMs: number;
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
  /** What a checkpoint holds beside the parameters and state, by file name (`optimizer.safetensors`); copies, not views. */
  checkpoint?(): Readonly<Record<string, CheckpointFile>>;
  /** Matrices since the last call that could not be inverted at first, for the run's folder. */
  takeDumps?(): readonly MatrixDump[];
  /** Final measurements that replace or complete the last values of the run's own. */
  result?(): Readonly<Record<string, number>>;
}

/** Makes the learning side of a run from what was submitted. @throws what is wrong with the bundle */
export type TrainerFactory = (bundle: Uint8Array) => Promise<{ readonly trainer: RunTrainer; readonly meta: RunMeta }>;

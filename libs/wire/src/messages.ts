/**
 * What the two ends say to each other, as plain values: no gRPC or protobuf type leaves this library.
 * Lengths are elements, digests are hex, `sums`, `delta`, `parameters` and `state` are float32.
 */
import type { CodedSegment, SumsCodec } from '@geodesic/tensor';

/** A dyadic block of slots: [index << level, (index + 1) << level). */
export interface WireBlock {
  readonly level: number;
  readonly index: number;
}

/** What a contribution was computed on; never by whom. */
export interface WireRound {
  readonly run: string;
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  readonly inputDigest: string;
}

/** alpha direction + mu previous, the direction by its `sha256:` address. */
export interface WireCombination {
  readonly digest: string;
  readonly length: number;
  readonly alpha: number;
  readonly mu: number;
}

/** What a round needs beside the parameters: objects of the Exchange service. */
export interface WireRoundInputs {
  readonly vectors: readonly { readonly name: string; readonly digest: string; readonly length: number }[];
  readonly move?: WireCombination;
}

/** A round with the sizes that its contributions must have. */
export interface WireRoundPlan extends WireRound {
  /** Number of updates behind the round's inputs. */
  readonly version: number;
  readonly slots: number;
  readonly sumsLength: number;
  readonly scalarsLength: number;
  readonly inputs?: WireRoundInputs;
  /** Which sums are rounded, at one level of the tree. */
  readonly codec?: SumsCodec;
}

/** Fields that decide a worker's bits: executor, versions, architecture, threads, ... */
export type Fingerprint = Readonly<Record<string, string | number>>;

/** From a worker on its session. */
export type WorkerMessage =
  | {
      readonly type: 'hello';
      readonly worker: string;
      readonly incarnation: string;
      /** See PROTOCOL_VERSION. */
      readonly protocol: number;
      /** See STATE_VERSION. */
      readonly state: number;
      readonly pid: number;
    }
  | { readonly type: 'ready'; readonly fingerprint: Fingerprint }
  | {
      readonly type: 'heartbeat';
      /** Computed since the start, monotonic: the worker's progress. */
      readonly slots: number;
      readonly examples: number;
      readonly computing: boolean;
      readonly generation: number;
      readonly open: number;
    }
  | { readonly type: 'leave'; readonly reason: string }
  /** The worker is about to leave: it finishes the block under way and its uploads, and takes nothing new. */
  | { readonly type: 'draining'; readonly reason: string }
  /** The program fails in this round, on any host alike; the worker stays a member. */
  | { readonly type: 'failed'; readonly round: WireRound; readonly reason: string };

/** From the coordinator on a worker's session. */
export type CoordinatorMessage =
  | {
      readonly type: 'welcome';
      readonly run: string;
      readonly leaseMs: number;
      readonly heartbeatMs: number;
      readonly bundleDigest: string;
      /** The coordinator's leadership number for this run, from 1. */
      readonly term: number;
    }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly field: string;
      readonly expected: string;
      readonly got: string;
      readonly message: string;
      /** 0: final; else the worker may come back after that long, ms. */
      readonly retryAfterMs: number;
    }
  | { readonly type: 'admitted'; readonly generation: number }
  | { readonly type: 'assign'; readonly generation: number; readonly round: WireRoundPlan; readonly blocks: readonly WireBlock[] }
  /** The answer to a heartbeat; this library says it and takes it. */
  | { readonly type: 'alive' }
  /** The worker is asked to leave in order; it answers `draining`. */
  | { readonly type: 'drain'; readonly reason: string }
  | { readonly type: 'run-over'; readonly state: string };

/** A contribution without its sums: what the first chunk says. */
export interface ContributionHeader {
  readonly round: WireRound;
  readonly worker: string;
  readonly incarnation: string;
  readonly block: WireBlock;
  /** Real examples in the block. */
  readonly count: number;
  readonly scalars: Float64Array;
  readonly sumsLength: number;
  /** Segments of the sums, rounded before, that travel as codes; absent: all sums travel as float32. */
  readonly coded?: readonly CodedSegment[];
}

/** A whole contribution. */
export interface WireContribution extends ContributionHeader {
  readonly sums: Float32Array;
  /** Of one that arrived: CRC-32 of each chunk of the sums as they travelled. */
  readonly crcs?: Uint32Array;
}

/** The coordinator's answer to a contribution. */
export type ContributeAck = {
  /** Why, for people. */
  readonly detail: string;
} & (
  | { readonly result: 'accepted' | 'duplicate' | 'stale' | 'overlap' | 'corrupt' }
  /** Not judged, for want of room: the same contribution is welcome after that long. */
  | { readonly result: 'busy'; readonly retryAfterMs: number }
);

/** Which parameters somebody holds: number of updates and the digest chain over them. */
export interface HeldPosition {
  readonly version: number;
  readonly chain: string;
}

/** All that a worker holds, at one version. */
export interface Snapshot {
  readonly version: number;
  readonly chain: string;
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** The last committed change, [P] or [0]. */
  readonly previous: Float32Array;
}

/** One committed change: theta = fround(theta + delta), the delta given or to be combined; the state is absolute. */
export type Update = {
  readonly version: number;
  readonly previousChain: string;
  readonly chain: string;
  readonly state: Float32Array;
} & (
  | {
      readonly delta: Float32Array;
      /** CRC-32 of each canonical chunk, where they are known; else the transport computes them. */
      readonly crcs?: Uint32Array;
    }
  | { readonly combination: WireCombination }
);

/** What a follower of the parameters receives; an update comes with the CRC-32 of each of its canonical chunks. */
export type ParameterFrame =
  ({ readonly type: 'snapshot' } & Snapshot) | ({ readonly type: 'update'; readonly crcs: Uint32Array } & Update);

/** One thing that happened in a run. Sequence numbers start at 1 and have no gaps. */
export interface RunEvent {
  readonly sequence: number;
  readonly type: string;
  /** ISO 8601, for people. */
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A step of another run that a new one goes on from. */
export interface Fork {
  readonly run: string;
  readonly step: number;
}

/** The bundle of a new run. */
export interface Submission {
  readonly bundle: Uint8Array;
  readonly fork?: Fork;
}

/** What people may ask of a run. */
export const CONTROL_ACTIONS = ['pause', 'resume', 'stop', 'scale', 'drain'] as const;

/** A wish of somebody who watches a run. */
export interface ControlRequest {
  /** Empty: the coordinator's present run. */
  readonly run: string;
  readonly action: (typeof CONTROL_ACTIONS)[number];
  /** For people and the log. */
  readonly reason: string;
  /** Of `scale`: how many are wanted. */
  readonly workers?: number;
  /** Of `drain`: whose name. */
  readonly worker?: string;
}

/** States that a run may be in. */
export const RUN_STATES = ['recovering', 'running', 'paused', 'stopping', 'completed', 'stopped', 'failed'] as const;

/** What of a run has gone to NATS, since its coordinator started. */
export interface ArteryStatus {
  /** Whether a server is there now. */
  readonly connected: boolean;
  /** Connections made anew. */
  readonly reconnects: number;
  /** Events that are in the run's file and not yet in NATS: the lag, and the spool. */
  readonly behind: number;
  /** Bytes of the spool. */
  readonly behindBytes: number;
  readonly published: number;
  /** Publications that had to be tried again. */
  readonly retries: number;
  /** Events whose data did not fit into a message and were left out of it. */
  readonly oversized: number;
  /** Checkpoints that were broadcast. */
  readonly checkpoints: number;
  /** Checkpoints that were not, since a newer one was there when it was their turn. */
  readonly checkpointsSkipped: number;
}

/** How a run stands. */
export interface RunStatus {
  readonly run: string;
  readonly directory: string;
  readonly state: (typeof RUN_STATES)[number];
  /** The last committed one. */
  readonly step: number;
  /** Of the whole run. */
  readonly steps: number;
  readonly term: number;
  readonly workers: readonly { readonly worker: string; readonly state: string }[];
  readonly engine: string;
  /** Where NATS is configured. */
  readonly artery?: ArteryStatus;
}

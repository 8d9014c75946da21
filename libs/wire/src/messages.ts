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
  | { readonly type: 'hello'; readonly worker: string; readonly incarnation: string; readonly protocol: number; readonly pid: number }
  | { readonly type: 'ready'; readonly fingerprint: Fingerprint }
  | {
      readonly type: 'heartbeat';
      readonly slots: number;
      readonly examples: number;
      readonly computing: boolean;
      readonly generation: number;
      readonly open: number;
    }
  | { readonly type: 'leave'; readonly reason: string }
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
    }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly field: string;
      readonly expected: string;
      readonly got: string;
      readonly message: string;
    }
  | { readonly type: 'admitted'; readonly generation: number }
  | { readonly type: 'assign'; readonly generation: number; readonly round: WireRoundPlan; readonly blocks: readonly WireBlock[] }
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
}

/** The coordinator's answer to a contribution. */
export interface ContributeAck {
  readonly result: 'accepted' | 'duplicate' | 'stale' | 'overlap' | 'corrupt';
  /** Why, for people. */
  readonly detail: string;
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
} & ({ readonly delta: Float32Array } | { readonly combination: WireCombination });

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

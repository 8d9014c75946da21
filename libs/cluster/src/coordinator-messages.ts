/**
 * What goes into and comes out of the {@link CoordinatorMachine}. Every event carries `at`, monotonic ms of one clock. The
 * caller carries out the actions in order: it owns sockets, files and timers, and decides nothing.
 */
import type { Block } from './block.ts';
import type { Contribution } from './contribution.ts';
import type { Fingerprint, Member, Refusal } from './membership.ts';
import type { RoundIdentity, RoundPlan } from './round.ts';

/** All that one worker should compute in a round; replaces what it was told before. */
export interface Assignment {
  /** Grows with every assignment of a coordinator; a worker drops one that is not newer than its own. */
  readonly generation: number;
  readonly round: RoundPlan;
  readonly blocks: readonly Block[];
}

/** What a worker holds, said in every heartbeat so that the coordinator can repeat what was lost. */
export interface WorkerStatus {
  /** Generation of the last assignment received; the welcome's before the first. */
  readonly generation: number;
  /** Blocks of it that are waiting, being computed, or sent and not yet answered. */
  readonly open: number;
}

/**
 * `accepted`: it counts, and its buffers belong to the coordinator. `duplicate`: all its slots are covered already. `stale`:
 * another round. `overlap`: it contradicts what it would replace. `corrupt`: wrong lengths or not finite; the worker is evicted,
 * and quarantined where there are others.
 */
export type ContributionResult = 'accepted' | 'duplicate' | 'stale' | 'overlap' | 'corrupt';

/** Which process contributed which block of a finished round; the blocks partition the slots. */
export interface CoverageEntry extends Member {
  readonly block: Block;
}

/** What a coordinator hears. */
export type CoordinatorEvent = { readonly at: number } & (
  | ({ readonly type: 'joined'; readonly fingerprint: Fingerprint } & Member)
  | ({ readonly type: 'left'; readonly reason: string } & Member)
  /** `progress`: slots that the process has computed so far; where it is not said, contributions alone show progress. */
  | ({ readonly type: 'heartbeat'; readonly progress?: number } & Member & WorkerStatus)
  /** The worker is about to leave in order: it finishes what it has begun and gets nothing new. */
  | ({ readonly type: 'draining' } & Member)
  /** A person wants a worker to leave in order. */
  | { readonly type: 'drain'; readonly worker: string }
  /** `crcs`: CRC-32s of the sums' chunks where the transport has them, of all contributions alike; default: computed when needed. */
  | ({
      readonly type: 'contribution';
      readonly round: RoundIdentity;
      readonly contribution: Contribution;
      readonly crcs?: Uint32Array;
    } & Member)
  /** A contribution that is not worth receiving: its header is not that of the round's. The same as a corrupt one. */
  | ({ readonly type: 'malformed'; readonly round: RoundIdentity; readonly reason: string } & Member)
  /** The program fails on a round, on any host alike. */
  | ({ readonly type: 'program-failed'; readonly round: RoundIdentity; readonly reason: string } & Member)
  /** `dropped`: exactly these slots are left out, as the log of a relaxed run says; absent: nothing is said. */
  | { readonly type: 'begin-round'; readonly plan: RoundPlan; readonly dropped?: readonly number[] }
  | { readonly type: 'tick' }
);

/** What a coordinator does. */
export type CoordinatorAction =
  /** Welcome the worker; `generation` is what its first assignment exceeds. */
  | ({ readonly type: 'admit'; readonly generation: number } & Member)
  /** Turn the worker away for good. */
  | ({ readonly type: 'refuse' } & Member & Refusal)
  /** Turn the worker away for now: it is quarantined. */
  | ({ readonly type: 'defer'; readonly retryAfterMs: number; readonly reason: string } & Member)
  /** Ask the worker to leave in order. */
  | ({ readonly type: 'drain' } & Member)
  | ({ readonly type: 'assign'; readonly assignment: Assignment } & Member)
  /** Answer a contribution; `detail` is for people. */
  | ({
      readonly type: 'acknowledge';
      readonly round: RoundIdentity;
      readonly block: Block;
      readonly result: ContributionResult;
      readonly detail: string;
    } & Member)
  /** Close the session; the process may join again. */
  | ({ readonly type: 'evict'; readonly reason: string } & Member)
  /** For people, once for a worker and round: it is over its deadline, and others get its blocks, too, as soon as they are idle. */
  | { readonly type: 'straggler'; readonly worker: string; readonly blocks: readonly Block[]; readonly waitedMs: number }
  /**
   * Two workers computed other bits for one block. `resolved`: a third result has told who was right. A dispute that is not resolved is
   * still being decided when its round is in progress; a mismatch found after the round can only be reported.
   */
  | {
      readonly type: 'dispute';
      readonly round: RoundIdentity;
      readonly block: Block;
      readonly workers: readonly [string, string];
      readonly resolved: boolean;
      readonly detail: string;
    }
  /** For people: the worker may not take part for a while; if it was a member, it is evicted besides. */
  | { readonly type: 'quarantine'; readonly worker: string; readonly cooldownMs: number; readonly reason: string }
  /** The total, owned by the receiver, and who contributed it, ascending by slot. `dropped`: slots left out, ascending; none in exact runs. */
  | {
      readonly type: 'round-complete';
      readonly round: RoundPlan;
      readonly total: Contribution;
      readonly coverage: readonly CoverageEntry[];
      readonly dropped: readonly number[];
    }
  /** No worker can compute this round: it is dropped, and what still comes of it is stale. Another one may begin. */
  | { readonly type: 'abandon-round'; readonly round: RoundPlan; readonly worker: string; readonly reason: string }
  /** Too many corrupt contributions: no worker can compute this round, most likely the training has diverged. */
  | { readonly type: 'round-failed'; readonly round: RoundPlan; readonly reason: string };

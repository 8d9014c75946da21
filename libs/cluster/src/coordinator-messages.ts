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
 * another round. `overlap`: it contradicts what it would replace. `corrupt`: wrong lengths or not finite; the worker is evicted.
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
  | ({ readonly type: 'heartbeat' } & Member & WorkerStatus)
  | ({ readonly type: 'contribution'; readonly round: RoundIdentity; readonly contribution: Contribution } & Member)
  /** The program fails on a round, on any host alike. */
  | ({ readonly type: 'program-failed'; readonly round: RoundIdentity; readonly reason: string } & Member)
  | { readonly type: 'begin-round'; readonly plan: RoundPlan }
  | { readonly type: 'tick' }
);

/** What a coordinator does. */
export type CoordinatorAction =
  /** Welcome the worker; `generation` is what its first assignment exceeds. */
  | ({ readonly type: 'admit'; readonly generation: number } & Member)
  /** Turn the worker away for good. */
  | ({ readonly type: 'refuse' } & Member & Refusal)
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
  /** The total, owned by the receiver, and who contributed it, ascending by slot. */
  | {
      readonly type: 'round-complete';
      readonly round: RoundPlan;
      readonly total: Contribution;
      readonly coverage: readonly CoverageEntry[];
    }
  /** No worker can compute this round: it is dropped, and what still comes of it is stale. Another one may begin. */
  | { readonly type: 'abandon-round'; readonly round: RoundPlan; readonly worker: string; readonly reason: string }
  /** Too many corrupt contributions: no worker can compute this round, most likely the training has diverged. */
  | { readonly type: 'round-failed'; readonly round: RoundPlan; readonly reason: string };

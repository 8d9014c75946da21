/**
 * What goes into and comes out of the {@link WorkerMachine}. The caller owns the session, the transfers and the compute thread;
 * every `compute` is answered by one `computed` or `compute-failed`, every `contribute` by one `acknowledged` or `contribution-failed`.
 */
import type { Block } from './block.ts';
import type { Contribution } from './contribution.ts';
import type { Assignment, ContributionResult } from './coordinator-messages.ts';
import type { Position, RoundIdentity, RoundPlan } from './round.ts';

/** What a worker hears. */
export type WorkerEvent =
  /** A session was accepted; assignments of earlier ones are void. `term`: the number of the coordinator's leadership, default 1. */
  | { readonly type: 'welcome'; readonly run: string; readonly generation: number; readonly term?: number }
  | { readonly type: 'assign'; readonly assignment: Assignment }
  /** The parameters that the compute thread holds have moved on. */
  | ({ readonly type: 'state' } & Position)
  | { readonly type: 'computed'; readonly round: RoundIdentity; readonly contribution: Contribution }
  /** `busy`: nothing was judged, since the coordinator has no memory to spare; to be sent again after `retryAfterMs`. */
  | {
      readonly type: 'acknowledged';
      readonly round: RoundIdentity;
      readonly block: Block;
      readonly result: ContributionResult | 'busy';
      /** Only of `busy`; default 0. */
      readonly retryAfterMs?: number;
    }
  /** The program fails on this round, on any host alike: the coordinator is told, and the round is not gone on with. */
  | { readonly type: 'compute-failed'; readonly round: RoundIdentity }
  /** The transfer broke or ran into its deadline; whether it arrived is unknown. */
  | { readonly type: 'contribution-failed'; readonly round: RoundIdentity; readonly block: Block }
  | { readonly type: 'disconnected' }
  /** Leave in order: begin nothing new, finish what has been begun. */
  | { readonly type: 'drain' };

/** What a worker does. */
export type WorkerAction =
  | { readonly type: 'compute'; readonly round: RoundPlan; readonly block: Block }
  /** Send: with `delayMs` after this delay, jittered; else with `retry` > 0 after a jittered delay that grows with it. */
  | {
      readonly type: 'contribute';
      readonly round: RoundPlan;
      readonly contribution: Contribution;
      readonly retry: number;
      readonly delayMs?: number;
    }
  /** The parameters held are not those of `version`: fetch a fresh snapshot. */
  | { readonly type: 'resynchronise'; readonly version: number; readonly reason: string }
  /** Fresh snapshots did not help: this process computes other bits and must stop. */
  | { readonly type: 'fail'; readonly reason: string }
  /** A drain is over: nothing is open, the process may leave. Said once. */
  | { readonly type: 'drained' }
  /** The session is of a leader that another one has deposed: close it and look for the newer one. */
  | { readonly type: 'reject-leader'; readonly term: number; readonly highest: number };

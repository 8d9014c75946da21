/**
 * What has been accepted in one round, and from whom. It knows nothing of members, leases or assignments, so that none of them
 * can decide a bit: a contribution counts when its round and shape agree and it covers something new.
 */
import { blockKey, blockStart, containsBlock } from './block.ts';
import type { Block } from './block.ts';
import { findFault } from './contribution.ts';
import type { Contribution } from './contribution.ts';
import type { ContributionResult, CoverageEntry } from './coordinator-messages.ts';
import type { Member } from './membership.ts';
import { ReductionTree } from './reduction-tree.ts';
import type { RoundPlan } from './round.ts';

/** An answer to a contribution, with the reason for people. */
export interface Verdict {
  readonly result: ContributionResult;
  readonly detail: string;
}

/** The accepted part of one round. */
export class RoundLedger {
  readonly plan: RoundPlan;
  readonly #tree: ReductionTree;
  #coverage: CoverageEntry[] = [];

  constructor(plan: RoundPlan) {
    this.plan = plan;
    this.#tree = new ReductionTree(plan);
  }

  /** Judges a contribution of this round and takes it, buffers and all, when it is accepted. */
  offer(member: Member, contribution: Contribution): Verdict {
    const fault = findFault(contribution, this.plan);
    if (fault !== undefined) return { result: 'corrupt', detail: fault };
    const { block } = contribution;
    const result = this.#tree.accept(contribution);
    if (result === 'duplicate') return { result, detail: `block ${blockKey(block)} is covered` };
    if (result === 'overlap') return { result, detail: `block ${blockKey(block)} holds fewer examples than its accepted parts` };
    const { worker, incarnation } = member;
    this.#coverage = this.#coverage.filter((entry) => !containsBlock(block, entry.block));
    this.#coverage.push({ worker, incarnation, block });
    return { result, detail: '' };
  }

  /** Whether every slot of a block has been accepted. */
  covers(block: Block): boolean {
    return this.#tree.covers(block);
  }

  /** The slots still missing, ascending. */
  uncovered(): number[] {
    return this.#tree.uncovered();
  }

  /** Whether nothing is missing. */
  get complete(): boolean {
    return this.#tree.complete;
  }

  /** The total; throws when something is missing. */
  total(): Contribution {
    return this.#tree.total();
  }

  /** Who contributed what, ascending by slot; what was replaced is not listed, so no slot stands twice. */
  coverage(): CoverageEntry[] {
    return [...this.#coverage].sort((a, b) => blockStart(a.block) - blockStart(b.block));
  }
}

/**
 * What has been accepted in one round, and from whom. It knows nothing of members, leases or assignments, so that none of them
 * can decide a bit: a contribution counts when its round and shape agree and it covers something new. A second result for an accepted
 * block is compared with the first; where they differ, nothing of the round counts any more until further workers have said who is right.
 */
import { AcceptedDigests, contributionDigest } from './accepted-digests.ts';
import type { Claim } from './accepted-digests.ts';
import { blockEnd, blockKey, containsBlock, coverSlots, slotsOf } from './block.ts';
import type { Block } from './block.ts';
import { emptyContribution, findFault } from './contribution.ts';
import type { Contribution } from './contribution.ts';
import type { ContributionResult, CoverageEntry } from './coordinator-messages.ts';
import { Dispute } from './dispute.ts';
import { ProtocolError } from './errors.ts';
import type { Member } from './membership.ts';
import { ReductionTree } from './reduction-tree.ts';
import type { RoundPlan } from './round.ts';

/** An answer to a contribution, with the reason for people. */
export interface Verdict {
  readonly result: ContributionResult;
  readonly detail: string;
  /** The contribution has opened a dispute, gone on with one or decided it. */
  readonly dispute?: DisputeNews;
}

/** What is new in a dispute. */
export interface DisputeNews {
  readonly block: Block;
  readonly workers: readonly [string, string];
  /** The workers that were wrong, once that is known. */
  readonly odd?: readonly string[];
}

/** The accepted part of one round. */
export class RoundLedger {
  readonly plan: RoundPlan;
  /** What accepted blocks came to; still of use when the round is over. */
  readonly digests: AcceptedDigests = new AcceptedDigests();
  readonly #dropped = new Set<number>();
  readonly #disputes = new Map<string, Dispute>();
  /** By slot. */
  readonly #owners: (CoverageEntry | undefined)[];
  #tree: ReductionTree;

  /** @param dropped slots that are left out @throws {ProtocolError} when they are not slots of the plan */
  constructor(plan: RoundPlan, dropped: readonly number[] = []) {
    this.plan = plan;
    this.#tree = new ReductionTree(plan);
    this.#owners = Array.from({ length: plan.slots }, () => undefined);
    this.#drop(dropped);
  }

  /**
   * Judges a contribution of this round and takes it, buffers and all, when it is accepted.
   * @param crcs of the sums' chunks, where the transport has them: either of all contributions or of none
   */
  offer(member: Member, contribution: Contribution, crcs?: Uint32Array): Verdict {
    const fault = findFault(contribution, this.plan);
    if (fault !== undefined) return { result: 'corrupt', detail: fault };
    const { block } = contribution;
    const claim = { worker: member.worker, incarnation: member.incarnation, digest: contributionDigest(contribution, crcs) };
    for (const dispute of this.#disputes.values()) {
      if (containsBlock(dispute.block, block) || containsBlock(block, dispute.block)) return this.#testify(dispute, claim, contribution);
    }
    if (!this.covers(block)) return this.#accept(claim, contribution);
    const rival = this.digests.rival(block, claim.digest);
    return rival ? this.#open(block, rival, claim) : { result: 'duplicate', detail: `block ${blockKey(block)} is covered` };
  }

  /** Whether every slot of a block has been accepted, or left out. */
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
    const entries: CoverageEntry[] = [];
    for (let slot = 0; slot < this.#owners.length; slot += 1) {
      const entry = this.#owners[slot];
      if (entry === undefined) continue;
      entries.push(entry);
      slot = blockEnd(entry.block) - 1;
    }
    return entries;
  }

  /** The slots left out, ascending. */
  get dropped(): number[] {
    return [...this.#dropped].sort((a, b) => a - b);
  }

  /** Leaves out what is missing: explicit empty blocks take its place, and the round is complete. */
  dropRest(): void {
    this.#drop(this.uncovered());
  }

  /** The blocks that are in dispute. */
  get disputes(): readonly Dispute[] {
    return [...this.#disputes.values()];
  }

  /** Gives a dispute up: whoever computes the block next is believed. */
  dismiss(dispute: Dispute): void {
    this.#disputes.delete(blockKey(dispute.block));
  }

  #accept(claim: Claim, contribution: Contribution): Verdict {
    const { block } = contribution;
    const key = blockKey(block);
    const touchesDropped = [...this.#dropped].some((slot) => containsBlock(block, { level: 0, index: slot }));
    if (touchesDropped) return { result: 'overlap', detail: `block ${key} has slots that the round leaves out` };
    if (this.#tree.accept(contribution) === 'overlap')
      return { result: 'overlap', detail: `block ${key} holds fewer examples than its accepted parts` };
    const { worker, incarnation } = claim;
    this.digests.add(block, claim);
    const entry = { worker, incarnation, block };
    for (const slot of slotsOf(block)) this.#owners[slot] = entry;
    return { result: 'accepted', detail: '' };
  }

  /** Whatever the two have contributed may be wrong, and sums cannot be taken apart: the round starts again. */
  #open(block: Block, rival: Claim, claim: Claim): Verdict {
    this.#disputes.set(blockKey(block), new Dispute(block, [rival, claim]));
    this.#tree = new ReductionTree(this.plan);
    this.#owners.fill(undefined);
    this.digests.clear();
    this.#place(this.#dropped);
    const detail = `block ${blockKey(block)} came to other bits on ${rival.worker}: another worker has to decide`;
    return { result: 'stale', detail, dispute: { block, workers: [rival.worker, claim.worker] } };
  }

  #testify(dispute: Dispute, claim: Claim, contribution: Contribution): Verdict {
    const { block } = dispute;
    const key = blockKey(block);
    if (blockKey(contribution.block) !== key) return { result: 'overlap', detail: `block ${key} is in dispute, and is needed alone` };
    const rival = dispute.workers[0];
    const odd = dispute.hear(claim);
    if (odd === undefined)
      return { result: 'stale', detail: `block ${key} is in dispute still`, dispute: { block, workers: [rival, claim.worker] } };
    this.dismiss(dispute);
    return { ...this.#accept(claim, contribution), dispute: { block, workers: [odd[0], claim.worker], odd } };
  }

  #drop(slots: readonly number[]): void {
    for (const slot of slots) {
      if (!Number.isSafeInteger(slot) || slot < 0 || slot >= this.plan.slots)
        throw new ProtocolError('begin-round: dropped', `slots below ${this.plan.slots}`, `${slot}`);
      this.#dropped.add(slot);
    }
    this.#place(new Set(slots));
  }

  #place(dropped: ReadonlySet<number>): void {
    for (const block of coverSlots([...dropped])) this.#tree.accept(emptyContribution(block, this.plan));
  }
}

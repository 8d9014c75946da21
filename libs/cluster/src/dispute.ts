/**
 * A block that came to other bits on two workers. Whose are right is decided by further workers, until two different ones agree; until then
 * the block is computed by nobody who has already said something, and counts for nothing.
 */
import type { Claim } from './accepted-digests.ts';
import type { Block } from './block.ts';

/** One disputed block of a round. */
export class Dispute {
  readonly block: Block;
  readonly #claims: Claim[];

  constructor(block: Block, claims: readonly [Claim, Claim]) {
    this.block = block;
    this.#claims = [...claims];
  }

  /** The workers that have said something, each once. */
  get workers(): string[] {
    return [...new Set(this.#claims.map(({ worker }) => worker))];
  }

  /** Adds a result. Returns the workers that were wrong when two different workers agree by now, or undefined. */
  hear(claim: Claim): string[] | undefined {
    this.#claims.push(claim);
    const agrees = this.#claims.some(({ worker, digest }) => worker !== claim.worker && digest === claim.digest);
    if (!agrees) return undefined;
    return [...new Set(this.#claims.filter(({ digest }) => digest !== claim.digest).map(({ worker }) => worker))];
  }
}

/**
 * The digests of what has been accepted in a round, block by block. Two workers that compute one block must agree in every bit: a second
 * result costs at most one CRC pass, and is a free check of both machines (exactness.md 9). Buffers are not kept.
 */
import { crc32 } from 'node:zlib';
import { blockKey } from './block.ts';
import type { Block } from './block.ts';
import type { Contribution } from './contribution.ts';
import type { Member } from './membership.ts';

/** What a worker says that a block comes to. */
export interface Claim extends Member {
  readonly digest: number;
}

/**
 * CRC-32 over count, scalars and sums, for comparisons within one process.
 * @param crcs of the sums' chunks, where the transport has computed them on receive: then the sums are not read again
 */
export function contributionDigest({ count, scalars, sums }: Contribution, crcs?: Uint32Array): number {
  return [Float64Array.of(count), scalars, crcs ?? sums].reduce(
    (crc, { buffer, byteOffset, byteLength }) => crc32(new Uint8Array(buffer, byteOffset, byteLength), crc),
    0,
  );
}

/** The accepted claims of one round. */
export class AcceptedDigests {
  readonly #claims = new Map<string, Claim>();

  /** Remembers an accepted contribution. */
  add(block: Block, claim: Claim): void {
    this.#claims.set(blockKey(block), claim);
  }

  /** The accepted claim for exactly this block if it says something else; undefined when they agree or there is none. */
  rival(block: Block, digest: number): Claim | undefined {
    const accepted = this.#claims.get(blockKey(block));
    return accepted && accepted.digest !== digest ? accepted : undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#claims.clear();
  }
}

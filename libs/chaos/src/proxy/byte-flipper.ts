/**
 * Damages bytes of a stream at places that depend on the seed and the offset alone, not on how the stream came in pieces: the gaps between
 * damaged bytes are drawn (geometric), and each time one bit.
 */
import type { Draw } from '../seeded-draw.ts';
import type { ByteFlip } from './proxy-faults.ts';

/** The damage of one direction of one connection. */
export class ByteFlipper {
  readonly #draw: Draw;
  #flip: ByteFlip | undefined;
  #next = Number.POSITIVE_INFINITY;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** Changes what is damaged from this offset on. */
  set(flip: ByteFlip | undefined, offset: number): void {
    const isSame = JSON.stringify(flip) === JSON.stringify(this.#flip);
    if (isSame) return;
    this.#flip = flip;
    if (flip === undefined) this.#next = Number.POSITIVE_INFINITY;
    else this.#next = 'at' in flip ? flip.at : offset + this.#gap(flip.rate);
  }

  /** Damages what is to be damaged of the bytes at this offset, in place; returns how many. */
  apply(bytes: Uint8Array, offset: number): number {
    let flipped = 0;
    while (this.#next < offset + bytes.length) {
      if (this.#next >= offset) {
        bytes[this.#next - offset] ^= 1 << Math.floor(this.#draw() * 8);
        flipped += 1;
      }
      const flip = this.#flip;
      this.#next = flip && 'rate' in flip ? this.#next + 1 + this.#gap(flip.rate) : Number.POSITIVE_INFINITY;
    }
    return flipped;
  }

  /** Bytes that stay whole before the next one that does not. */
  #gap(rate: number): number {
    if (rate >= 1) return 0;
    return rate <= 0 ? Number.POSITIVE_INFINITY : Math.floor(Math.log(1 - this.#draw()) / Math.log(1 - rate));
  }
}

/**
 * The module's memory as a stack: operands are copied in, results copied out, and everything is given up when the operation ends,
 * also by an exception. Nothing that points into the memory leaves an operation, since growth would cut it off. The memory grows to
 * what the largest operation needed and stays: it cannot shrink.
 */
import type { Kernels, Pointer } from './kernels.ts';

const page = 65_536;
/** Blocks start on cache lines. */
const line = 64;
/** Bytes of a double. */
const double = 8;

/** Memory for the operands of one operation. */
export class Arena {
  readonly #kernels: Kernels;
  #top: Pointer;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#top = aligned(kernels.arenaBase());
  }

  /** Runs `use`, which may take blocks, and gives its blocks up afterwards. */
  scoped<R>(use: () => R): R {
    const top = this.#top;
    try {
      return use();
    } finally {
      this.#top = top;
    }
  }

  /** A block with whatever stood there. @throws {RangeError} when memory cannot grow to hold it */
  block(bytes: number): Pointer {
    const pointer = this.#top;
    this.#reserve(pointer + bytes);
    this.#top = aligned(pointer + bytes);
    return pointer;
  }

  /** A block of zeros. @throws {RangeError} when memory cannot grow to hold it */
  zeros(bytes: number): Pointer {
    const pointer = this.block(bytes);
    new Uint8Array(this.#kernels.memory.buffer, pointer, bytes).fill(0);
    return pointer;
  }

  /** A block [n, n] of doubles whose lower triangle is zero; what stands above the diagonal is not for reading. */
  lowerZeros(n: number): Pointer {
    const pointer = this.block(n * n * double);
    const l = this.view(pointer, n * n);
    for (let i = 0; i < n; i++) l.fill(0, i * n, i * n + i + 1);
    return pointer;
  }

  /** A block [n, n] with the lower triangle of a; what stands above the diagonal is not for reading. */
  copyOfLower(a: Float64Array, n: number): Pointer {
    const pointer = this.block(n * n * double);
    const copy = this.view(pointer, n * n);
    for (let i = 0; i < n; i++) copy.set(a.subarray(i * n, i * n + i + 1), i * n);
    return pointer;
  }

  /** A copy of the lower triangle of [n, n], zeros above. */
  lowerDoubles(pointer: Pointer, n: number): Float64Array {
    const l = new Float64Array(n * n);
    const there = this.view(pointer, n * n);
    for (let i = 0; i < n; i++) l.set(there.subarray(i * n, i * n + i + 1), i * n);
    return l;
  }

  /** A block that holds a copy of `values`. @throws {RangeError} when memory cannot grow to hold it */
  copyOf(values: Float64Array | Float32Array): Pointer {
    const pointer = this.block(values.byteLength);
    const { buffer } = this.#kernels.memory;
    if (values instanceof Float64Array) new Float64Array(buffer, pointer, values.length).set(values);
    else new Float32Array(buffer, pointer, values.length).set(values);
    return pointer;
  }

  /** `length` doubles in place, for use within an operation and before the next block is taken. */
  view(pointer: Pointer, length: number): Float64Array {
    return new Float64Array(this.#kernels.memory.buffer, pointer, length);
  }

  /** A copy of `length` doubles. */
  doubles(pointer: Pointer, length: number): Float64Array {
    return new Float64Array(this.#kernels.memory.buffer, pointer, length).slice();
  }

  /** A copy of `length` floats. */
  floats(pointer: Pointer, length: number): Float32Array {
    return new Float32Array(this.#kernels.memory.buffer, pointer, length).slice();
  }

  #reserve(end: Pointer): void {
    const { memory } = this.#kernels;
    const missing = end - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.ceil(missing / page));
    } catch (error) {
      throw new RangeError(`linalg: expected room for ${end} bytes of WebAssembly memory, got none (at most 4 GiB; use another backend)`, {
        cause: error,
      });
    }
  }
}

function aligned(pointer: Pointer): Pointer {
  return Math.ceil(pointer / line) * line;
}

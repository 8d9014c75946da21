/**
 * The backend on SIMD WebAssembly: copies operands into the module's memory, calls its kernels, copies results out.
 * 128-bit SIMD rounds every product and every sum as plain JavaScript does, so its bits are those of every machine.
 */
import type { Backend, MatmulOptions, TriangularOptions } from '../backend.ts';
import { NotPositiveDefiniteError } from '../errors.ts';
import { kernelsDigest } from '../generated/kernels.ts';
import { Arena } from './arena.ts';
import { kernels, part, type Kernels } from './kernels.ts';
import { qr } from './qr.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Bytes of a double and of a float. */
const double = 8;
const single = 4;

/** Opens the backend on this thread's instance. @throws {Error} when there is no WebAssembly with SIMD */
export function openWasmBackend(): Backend {
  const instance = kernels();
  const arena = new Arena(instance);
  const wasm = new WasmOperations(instance, arena);
  return {
    name: 'wasm',
    // The version is that of what surrounds the kernels: divide and conquer, scaling.
    fingerprint: { linalg: 'wasm', version: 1, kernels: kernelsDigest },
    matmul: (a, b, options) => wasm.matmul(a, b, options),
    cholesky: (operation, a, n) => wasm.cholesky(operation, a, n),
    triangularSolve: (l, n, b, options) => wasm.triangularSolve(l, n, b, options),
    spdInverse: (a, n) => wasm.spdInverse(a, n),
    spdInverse32: (a, n) => wasm.spdInverse32(a, n),
    symmetricEigen: (a, n) => symmetricEigen(instance, arena, a, n),
    qr: (a, m, n) => qr(instance, arena, a, { m, n }),
  };
}

class WasmOperations {
  readonly #kernels: Kernels;
  readonly #arena: Arena;

  constructor(instance: Kernels, arena: Arena) {
    this.#kernels = instance;
    this.#arena = arena;
  }

  matmul(a: Float64Array, b: Float64Array, options: MatmulOptions): Float64Array {
    const { m, k, n, transposeA = false, transposeB = false } = options;
    const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
    const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
    const arena = this.#arena;
    return arena.scoped(() => {
      const [atA, atB, atC] = [arena.copyOf(a), arena.copyOf(b), arena.zeros(m * n * double)];
      this.#kernels.gemm64(m, n, k, false, atA, aRow, aColumn, atB, bRow, bColumn, atC, n, part.full);
      return arena.doubles(atC, m * n);
    });
  }

  cholesky(operation: string, a: Float64Array, n: number): Float64Array {
    const arena = this.#arena;
    return arena.scoped(() => {
      const [atA, atL] = [arena.copyOfLower(a, n), arena.lowerZeros(n)];
      const broken = this.#kernels.cholesky64(n, atA, atL);
      if (broken >= 0) throw new NotPositiveDefiniteError(operation, broken, arena.doubles(atL + broken * (n + 1) * double, 1)[0]);
      return arena.lowerDoubles(atL, n);
    });
  }

  triangularSolve(l: Float64Array, n: number, b: Float64Array, { columns, transpose = false }: TriangularOptions): Float64Array {
    const arena = this.#arena;
    return arena.scoped(() => {
      const [atL, atX] = [arena.copyOf(l), arena.copyOf(b)];
      if (transpose) this.#kernels.backwardSolve64(n, atL, atX, columns);
      else this.#kernels.forwardSolve64(n, atL, atX, columns, false);
      return arena.doubles(atX, n * columns);
    });
  }

  spdInverse(a: Float64Array, n: number): Float64Array {
    const arena = this.#arena;
    return arena.scoped(() => {
      const [atA, atL, atT] = [arena.copyOfLower(a, n), arena.lowerZeros(n), arena.zeros(n * n * double)];
      const broken = this.#kernels.spdInverse64(n, atA, atL, atT);
      if (broken >= 0) throw new NotPositiveDefiniteError('spdInverse', broken, arena.doubles(atL + broken * (n + 1) * double, 1)[0]);
      return arena.doubles(atA, n * n);
    });
  }

  spdInverse32(a: Float32Array, n: number): Float32Array {
    const arena = this.#arena;
    return arena.scoped(() => {
      const [atA, atL, atT] = [arena.copyOf(a), arena.zeros(n * n * single), arena.zeros(n * n * single)];
      const broken = this.#kernels.spdInverse32(n, atA, atL, atT);
      if (broken >= 0) throw new NotPositiveDefiniteError('spdInverse32', broken, arena.floats(atL + broken * (n + 1) * single, 1)[0]);
      return arena.floats(atA, n * n);
    });
  }
}

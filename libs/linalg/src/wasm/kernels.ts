/**
 * The compiled kernels (sources: ../../assembly), one instance for each JavaScript thread that uses them.
 */
import { kernelsBase64 } from '../generated/kernels.ts';
import { instantiate, validates, type WasmMemory } from './web-assembly.ts';

/** A byte offset into the module's memory. */
export type Pointer = number;

/** All of C, or only what register tiles over its lower triangle cover. */
export const part = { full: 0, lower: 1 } as const;

// prettier-ignore
type Gemm = (
  m: number, n: number, k: number, negate: boolean, a: Pointer, aRow: number, aColumn: number, b: Pointer, bRow: number, bColumn: number,
  c: Pointer, cRow: number, part: number,
) => void;

/** What the module exports; assembly/index.ts says what each does. */
export interface Kernels {
  readonly memory: WasmMemory;
  arenaBase(): Pointer;
  readonly gemm64: Gemm;
  cholesky64(n: number, a: Pointer, l: Pointer): number;
  forwardSolve64(n: number, l: Pointer, x: Pointer, columns: number, triangular: boolean): void;
  backwardSolve64(n: number, l: Pointer, x: Pointer, columns: number): void;
  spdInverse64(n: number, a: Pointer, l: Pointer, t: Pointer): number;
  spdInverse32(n: number, a: Pointer, l: Pointer, t: Pointer): number;
  qrWork(m: number, n: number): number;
  qrFactor(m: number, n: number, a: Pointer, work: Pointer): void;
  qrBasis(m: number, n: number, q: Pointer, work: Pointer): void;
  tridiagonalWork(n: number): number;
  tridiagonalize(n: number, a: Pointer, diagonal: Pointer, beside: Pointer, tau: Pointer, work: Pointer): void;
  applyBasis(n: number, a: Pointer, tau: Pointer, rows: number, c: Pointer, work: Pointer): void;
}

const bytes = Uint8Array.from(atob(kernelsBase64), (character) => character.charCodeAt(0));
let instance: Kernels | undefined;
let supported: boolean | undefined;

/** Whether the kernels run here; asked once. */
export function kernelsSupported(): boolean {
  return (supported ??= validates(bytes));
}

/** The instance of this thread, started at the first call. @throws {Error} when there is no WebAssembly with SIMD */
export function kernels(): Kernels {
  return (instance ??= instantiate(bytes) as Kernels);
}

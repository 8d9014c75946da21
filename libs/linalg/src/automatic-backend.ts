/**
 * The backend of the module-level functions: SIMD wasm where it exists and the size pays for the copies, plain TypeScript below.
 * The thresholds are constants: which code runs, and so every bit, is a pure function of the sizes. For all but eigenvalues and QR
 * both sides give the same bits anyway.
 */
import type { Backend } from './backend.ts';
import { plainBackend } from './plain/backend.ts';
import { openWasmBackend } from './wasm/backend.ts';
import { kernelsSupported } from './wasm/kernels.ts';

/** The largest order that stays in plain TypeScript; for products, the cube root of the multiply-adds. */
export const plainUpTo = 96;

/** Chooses by size; plain throughout, under plain's fingerprint, where wasm with SIMD is missing. */
export function openAutomaticBackend(): Backend {
  if (!kernelsSupported()) return plainBackend;
  const wasm = openWasmBackend();
  const at = (n: number): Backend => (n <= plainUpTo ? plainBackend : wasm);
  return {
    name: 'auto',
    fingerprint: { ...wasm.fingerprint, linalg: 'auto', plain: plainBackend.fingerprint['version'], plainUpTo },
    matmul: (a, b, options) => at(Math.cbrt(options.m * options.k * options.n)).matmul(a, b, options),
    cholesky: (operation, a, n) => at(n).cholesky(operation, a, n),
    triangularSolve: (l, n, b, options) => at(n).triangularSolve(l, n, b, options),
    spdInverse: (a, n) => at(n).spdInverse(a, n),
    spdInverse32: (a, n) => at(n).spdInverse32(a, n),
    symmetricEigen: (a, n) => at(n).symmetricEigen(a, n),
    qr: (a, m, n) => at(Math.max(m, n)).qr(a, m, n),
  };
}

/** Everything in plain TypeScript: what runs anywhere, and the oracle of the other backends. */
import type { Backend } from '../backend.ts';
import { cholesky } from './cholesky.ts';
import { matmul } from './matmul.ts';
import { qr } from './qr.ts';
import { spdInverse32 } from './single-precision.ts';
import { spdInverse } from './spd-inverse.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import { triangularSolve } from './triangular.ts';

/** The plain backend; version 1 of its formulas. */
export const plainBackend: Backend = {
  name: 'plain',
  fingerprint: { linalg: 'plain', version: 1 },
  matmul,
  cholesky,
  triangularSolve,
  spdInverse,
  spdInverse32,
  symmetricEigen,
  qr,
};

export type { BackendName, LinalgFingerprint, MatmulOptions, SymmetricEigen, ThinQr, TriangularOptions } from './backend.ts';
export {
  cholesky,
  choleskySolve,
  defaultLinalg,
  logDetFromCholesky,
  matmul,
  qr,
  spdInverse,
  symmetricEigen,
  triangularSolve,
} from './default-linalg.ts';
export { ConvergenceError, NotFiniteError, NotPositiveDefiniteError } from './errors.ts';
export { generalisedSymmetricEigen } from './generalised-eigen.ts';
export { kroneckerApply } from './kronecker.ts';
export { createLinalg, type Linalg, type LinalgOptions } from './linalg.ts';
export { decodeMatrixDump, encodeMatrixDump } from './matrix-dump.ts';
export { addDiagonal, identity, trace, transpose } from './matrix.ts';
export { packedSize, packUpper, unpackUpper, type FloatArray } from './pack.ts';
export { recursiveSpdInverse, type MatmulFunction, type RecursiveInverseOptions } from './recursive-inverse.ts';
export {
  inverseCounters,
  robustInverse,
  type FailedInverse,
  type InverseCounters,
  type InverseRung,
  type RobustInverse,
  type RobustInverseOptions,
} from './robust-inverse.ts';

export { cholesky, choleskySolve, logDetFromCholesky } from './cholesky.ts';
export { ConvergenceError, NotFiniteError, NotPositiveDefiniteError } from './errors.ts';
export { kroneckerApply } from './kronecker.ts';
export { matmul, type MatmulOptions } from './matmul.ts';
export { addDiagonal, identity, trace, transpose } from './matrix.ts';
export { packedSize, packUpper, unpackUpper, type FloatArray } from './pack.ts';
export { spdInverse } from './spd-inverse.ts';
export { symmetricEigen, type SymmetricEigen } from './symmetric-eigen.ts';

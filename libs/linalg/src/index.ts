export { cholesky, choleskySolve, logDetFromCholesky, spdInverse } from './cholesky.ts';
export { ConvergenceError, MatrixSizeError, NotPositiveDefiniteError } from './errors.ts';
export { addDiagonal, identity, kroneckerApply, matmul, trace, transpose, type ProductSizes } from './matrix.ts';
export { packUpper, unpackUpper } from './packing.ts';
export { symmetricEigen, type SymmetricEigen } from './symmetric-eigen.ts';

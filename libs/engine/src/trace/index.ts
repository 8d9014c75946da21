export { cholesky, gelu, logDet, spdInverse, stopGradient, tap, triangularSolve, type TapPlace } from './ops.ts';
export { trace, type InputSpec, type TracedFunction } from './trace.ts';
export { TraceError, type TraceProblem } from './trace-error.ts';

/**
 * Who computes: a contender has `time(operation, seconds)`, the milliseconds of one call averaged over a window, for the operations it
 * has, and where it is ours `result(operation)`, for the residual.
 */
import { performance } from 'node:perf_hooks';
import { GraphBuilder } from '../../libs/engine/dist/index.js';
import { recursiveSpdInverse } from '../../libs/linalg/dist/index.js';

/** Linear algebra of ours on a backend. */
export function ours(linalg, a, n) {
  const calls = {
    inverse: () => linalg.spdInverse(a, n),
    cholesky: () => linalg.cholesky(a, n),
    qr: () => linalg.qr(a, n, n),
    eigen: () => linalg.symmetricEigen(a, n),
  };
  return timed(calls);
}

/** The inverse in float32 throughout. */
export function ourSingle(linalg, a, n) {
  const single = Float32Array.from(a);
  return timed({ inverse: () => linalg.spdInverse32(single, n) });
}

/** The inverse by recursion, its products on an executor of the engine. */
export function recursion(executor, a, n) {
  const matmul = matmulOn(executor);
  return timed({ inverse: () => recursiveSpdInverse(a, n, { matmul }) });
}

/** LAPACK in the peer process. */
export function lapack(peer, library, dtype = 'float64') {
  return { time: async (operation, seconds) => (await peer.ask({ command: 'time', library, operation, dtype, seconds })).ms };
}

function timed(calls) {
  return {
    operations: Object.keys(calls),
    result: (operation) => calls[operation](),
    async time(operation, seconds) {
      const started = performance.now();
      let count = 0;
      do {
        await calls[operation]();
        count++;
      } while (performance.now() - started < seconds * 1000);
      return (performance.now() - started) / count;
    },
  };
}

/** A matmul on graphs, one program for each shape. */
function matmulOn(executor) {
  const programs = new Map();
  return async (a, b, { m, k, n, transposeA = false, transposeB = false }) => {
    const key = [m, k, n, transposeA, transposeB].join();
    if (!programs.has(key)) programs.set(key, await executor.compile(productGraph({ m, k, n, transposeA, transposeB })));
    const inputs = {
      a: { dtype: 'float64', shape: transposeA ? [k, m] : [m, k], data: a },
      b: { dtype: 'float64', shape: transposeB ? [n, k] : [k, n], data: b },
    };
    return (await programs.get(key).run(inputs)).product.data;
  };
}

function productGraph({ m, k, n, transposeA, transposeB }) {
  const builder = new GraphBuilder();
  const a = builder.input('a', transposeA ? [k, m] : [m, k], 'float64');
  const b = builder.input('b', transposeB ? [n, k] : [k, n], 'float64');
  builder.output('product', builder.add('BatchMatMul', [a, b], { transposeA, transposeB }));
  return builder.build();
}

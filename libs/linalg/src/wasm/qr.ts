/** QR on the kernels: blocked Householder reflections, whose product is then formed. */
import type { ThinQr } from '../backend.ts';
import type { Arena } from './arena.ts';
import type { Kernels } from './kernels.ts';
import { ordinaryScale, scaleBy } from './scale.ts';

const double = 8;

/** a [m, n], finite, as q r; signs make the diagonal of r non-negative. */
export function qr(kernels: Kernels, arena: Arena, a: Float64Array, { m, n }: { readonly m: number; readonly n: number }): ThinQr {
  const rank = Math.min(m, n);
  const scale = ordinaryScale(a);
  return arena.scoped(() => {
    const atA = arena.copyOf(scale === 1 ? a : scaleBy(a.slice(), scale));
    const atQ = arena.zeros(m * rank * double);
    const work = arena.block(kernels.qrWork(m, n) * double);
    kernels.qrFactor(m, n, atA, work);
    const r = scaleBy(arena.doubles(atA, rank * n), 1 / scale);
    const q = arena.view(atQ, m * rank);
    for (let i = 0; i < rank; i++) {
      const sign = r[i * (n + 1)] < 0 ? -1 : 1;
      q[i * (rank + 1)] = sign;
      r.fill(0, i * n, i * n + i);
      if (sign < 0) for (let j = i * n + i; j < (i + 1) * n; j++) r[j] = -r[j];
    }
    kernels.qrBasis(m, n, atQ, work);
    return { q: arena.doubles(atQ, m * rank), r };
  });
}

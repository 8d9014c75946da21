/**
 * The linear algebra of a run's spec (`linalg`), on which factors are inverted and directions computed. LAPACK is a library of the host:
 * it is looked for only when a run asks for it, and its absence refuses the run before anything is computed.
 */
import { createLinalg, type Linalg } from '@geodesic/linalg';
import type { LapackOptions } from '@geodesic/linalg/lapack';
import type { RunSpec } from '@geodesic/run-spec';

/** Opens a backend. @param lapack which library; default the first that is found. @throws {Error} naming the key, what was looked for and what to do, when LAPACK is asked for and absent */
export async function openLinalg(backend: RunSpec['linalg'], lapack: LapackOptions = {}): Promise<Linalg> {
  if (backend !== 'lapack') return createLinalg({ backend });
  const { openLapack } = await import('@geodesic/linalg/lapack');
  try {
    return await openLapack(lapack);
  } catch (cause) {
    const remedy = 'install OpenBLAS and npm install koffi on the coordinator’s host, or leave linalg out; geo doctor shows what is there';
    throw new Error(`linalg: expected lapack on this host, got ${(cause as Error).message} (${remedy})`, { cause });
  }
}

/** Opens a backend that needs no loading. @throws {RangeError} for lapack, which {@link openLinalg} opens */
export function openLocalLinalg(backend: RunSpec['linalg']): Linalg {
  if (backend !== 'lapack') return createLinalg({ backend });
  throw new RangeError('openTrainer: expected linalg auto, plain or wasm, got lapack (createTrainer opens it)');
}

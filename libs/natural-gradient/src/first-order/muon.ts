/**
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks", as in the author's muon.py):
 *   m <- m + (1 - mu)(G - m);  N = G + mu (m - G) (Nesterov) or m;  X = N / |N|_F;
 *   five times  X <- a X + (b A + c A A) X,  A = X X',  on the side where A is the smaller (muon.py transposes tall matrices);
 *   direction  X sqrt(max(1, out / in)).
 * The quintic's coefficients trade exactness for slope at zero: singular values end up in about [0.68, 1.13], not at 1.
 * muon.py scales by rows / columns of its weights [out, in]; ours are [in, out], so that is columns / rows here.
 */
import type { Linalg } from '@geodesic/linalg';
import type { MuonConfig } from '../config.ts';
import type { StateTree } from '../state.ts';
import { squaredNorm } from '../vector.ts';
import { MatrixGroup, type MatrixInput, type MatrixMethod, type PeerOptions } from './matrix-group.ts';
import { gramOf, type MatrixPlace } from './matrix.ts';

/** Of muon.py, for what Muon does not move. */
const adam = { method: 'adam', beta1: 0.9, beta2: 0.95, epsilon: 1e-10 } as const;

/** A group that follows Muon; vectors and `adamParameters` go by Adam at a rate of their own. Weight decay is that of the mover's rate. */
export class MuonGroup extends MatrixGroup {
  constructor(name: string, config: MuonConfig, options: PeerOptions) {
    const { learningRate, weightDecay, adamParameters: asVectors, adamLearningRate } = config;
    const vectors = { ...adam, learningRate: adamLearningRate, weightDecay };
    super(name, { matrices: new Muon(config), vectors, learningRate, weightDecay, asVectors }, options);
  }
}

/** State of a matrix: `momentum` [m n]. */
class Muon implements MatrixMethod {
  readonly #config: MuonConfig;

  constructor(config: MuonConfig) {
    this.#config = config;
  }

  initialState({ size }: MatrixPlace): StateTree {
    return { momentum: new Float64Array(size) };
  }

  step(state: StateTree, { gradient, place, linalg }: MatrixInput): { direction: Float64Array; state: StateTree } {
    const { momentum: mu, nesterov, iterations } = this.#config;
    const before = state['momentum'];
    const momentum = new Float64Array(place.size);
    for (let i = 0; i < momentum.length; i++) momentum[i] = before[i] + (1 - mu) * (gradient[i] - before[i]);
    const followed = nesterov ? new Float64Array(place.size) : momentum;
    if (nesterov) for (let i = 0; i < followed.length; i++) followed[i] = gradient[i] + mu * (momentum[i] - gradient[i]);
    const direction = newtonSchulz(linalg, followed, { place, iterations });
    const scale = Math.sqrt(Math.max(1, place.columns / place.rows));
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
    return { direction, state: { momentum } };
  }
}

/** X with singular values near 1 and the singular vectors of G, a new array; zeros for zeros. */
function newtonSchulz(
  linalg: Linalg,
  g: Float64Array,
  { place, iterations }: { readonly place: MatrixPlace; readonly iterations: number },
): Float64Array {
  const { rows, columns } = place;
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  const wide = rows <= columns;
  const n = Math.min(rows, columns);
  const norm = Math.sqrt(squaredNorm(g)) + 1e-7;
  let x = new Float64Array(g.length);
  for (let i = 0; i < x.length; i++) x[i] = g[i] / norm;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = gramOf(linalg, x, place, wide ? 'left' : 'right');
    const polynomial = linalg.matmul(gram, gram, { m: n, k: n, n });
    for (let i = 0; i < polynomial.length; i++) polynomial[i] = b * gram[i] + c * polynomial[i];
    const change = wide
      ? linalg.matmul(polynomial, x, { m: rows, k: rows, n: columns })
      : linalg.matmul(x, polynomial, { m: rows, k: columns, n: columns });
    const next = new Float64Array(x.length);
    for (let i = 0; i < next.length; i++) next[i] = a * x[i] + change[i];
    x = next;
  }
  return x;
}

/**
 * Descent with the whole Fisher matrix F = G' G / N of a group by the kernel trick, G [N, n] the gradients of single examples at sampled or
 * (`empirical`) true targets. With K = G G' and M = K + N lambda I, for any right-hand side c and any coefficients u [N]:
 *   (F + lambda I)^-1 c    = (c - G' M^-1 G c) / lambda      Woodbury
 *   (F + lambda I)^-1 G' u = G' N M^-1 u                     push-through, without the cancellation as lambda -> 0
 * SPRING solves the proximal problem min d' F d / 2 - g' d + lambda |d - mu d_prev|^2 / 2, whose solution is
 *   d = mu d_prev + (F + lambda I)^-1 (g - mu F d_prev)
 * (with the residuals of least squares: Goldshlager et al. 2024). F d_prev = G' (G d_prev) / N goes by push-through, and so does the mean
 * gradient G' 1 / N of the empirical form; the rest, such as an L2 term, by Woodbury.
 * The backward pass with weights, G' w, is made here from the gathered rows and not by a further round of the workers: it is the same
 * product over the same numbers, in float64, and it is a difference of nearly equal vectors that float32 sums would lose.
 * Sources: Ren & Goldfarb 2019; Osawa et al. 2023 (ASDL).
 */
import { defaultLinalg, type Linalg, NotPositiveDefiniteError } from '@geodesic/linalg';
import type { KernelConfig } from '../config.ts';
import type { PlacedLayer } from '../curvature/placed-layer.ts';
import { KernelSizeError, SingularKernelError } from '../errors.ts';
import type { Rounds, RoundTotals } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import { dot } from '../vector.ts';
import type { Descent, Direction, DirectionInput } from './descent.ts';
import { ExampleRows } from './example-rows.ts';
import { checkKernelSize } from './kernel-size.ts';

/** What of a group's options decides the direction. */
export type KernelOptions = Pick<KernelConfig, 'fisher' | 'spring'>;

/** What is not in the group's options. */
export interface KernelTools {
  /** The group's layers; dense, without shared positions. */
  readonly layers: readonly PlacedLayer[];
  readonly linalg?: Linalg | undefined;
}

/** |b - (F + lambda I) d| / |b| above which the solution is worth nothing. */
const worstResidual = 1e-6;

/** The kernel trick as a descent. State: `previous` [n], the last direction, with SPRING only. */
export function createKernel(config: KernelOptions, tools: KernelTools): Descent {
  return new KernelDescent(config, tools);
}

class KernelDescent implements Descent {
  readonly #config: KernelOptions;
  readonly #layers: readonly PlacedLayer[];
  readonly #linalg: Linalg;

  constructor(config: KernelOptions, { layers, linalg = defaultLinalg() }: KernelTools) {
    this.#config = config;
    this.#layers = [...layers].sort((a, b) => a.offset - b.offset);
    this.#linalg = linalg;
  }

  initialState(): StateTree {
    const size = this.#layers.reduce((sum, layer) => sum + layer.size, 0);
    return this.#config.spring > 0 ? { previous: new Float64Array(size) } : {};
  }

  statisticsDue(): boolean {
    return false;
  }

  absorb(state: StateTree): StateTree {
    return state;
  }

  /** @throws {KernelSizeError | SingularKernelError | MissingStatisticsError} */
  *direction(state: StateTree, { step, gradient, damping }: DirectionInput): Rounds<Direction> {
    const { spring } = this.#config;
    const totals = yield { program: 'gram' };
    const rows = this.#rowsOf(totals, step);
    const kernel = factorised(rows, { step, damping, count: totals.count, linalg: this.#linalg });
    const direction = this.#solve(kernel, gradient, state['previous']);

    const target = spring > 0 ? gradient.map((entry, i) => entry + damping * spring * state['previous'][i]) : gradient;
    addTo(direction, kernel.solve(kernel.residual(target, direction)));
    const residual = norm(kernel.residual(target, direction)) / (norm(target) || 1);
    if (!(residual <= worstResidual)) throw new SingularKernelError(step, damping, `a relative residual of ${residual}`);
    return {
      direction,
      state: spring > 0 ? { previous: direction.slice() } : {},
      layers: [],
      report: { examples: totals.count, residual },
    };
  }

  #rowsOf(totals: RoundTotals, step: number): ExampleRows {
    const gradients = this.#config.fisher === 'sampled' ? 's' : 'g';
    const rows = new ExampleRows({ layers: this.#layers, gradients, tables: totals.sums, step, linalg: this.#linalg });
    const issue = checkKernelSize({ examples: rows.examples, layers: this.#layers });
    if (issue !== undefined) throw new KernelSizeError(issue);
    return rows;
  }

  /** The formulas above, before refinement. */
  #solve(kernel: Kernel, gradient: Float64Array, previous: Float64Array | undefined): Float64Array {
    const { rows, count } = kernel;
    const { fisher, spring } = this.#config;
    const coefficients = new Float64Array(rows.examples);
    const rest = gradient.slice();
    if (fisher === 'empirical') {
      coefficients.fill(1 / count);
      addTo(rest, rows.weighted(coefficients), -1);
    }
    if (previous !== undefined) addTo(coefficients, rows.times(previous), -spring / count);
    const direction = kernel.solve(rest);
    addTo(direction, kernel.push(coefficients));
    if (previous !== undefined) addTo(direction, previous, spring);
    return direction;
  }
}

/** (F + lambda I)^-1 of one batch. */
interface Kernel {
  readonly rows: ExampleRows;
  /** N, without padding. */
  readonly count: number;
  /** (F + lambda I)^-1 c. */
  solve(c: Float64Array): Float64Array;
  /** (F + lambda I)^-1 G' u. */
  push(u: Float64Array): Float64Array;
  /** b - (F + lambda I) d. */
  residual(b: Float64Array, d: Float64Array): Float64Array;
}

interface Factorising {
  readonly step: number;
  readonly damping: number;
  readonly count: number;
  readonly linalg: Linalg;
}

function factorised(rows: ExampleRows, { step, damping, count, linalg }: Factorising): Kernel {
  const n = rows.examples;
  const gram = rows.gram();
  for (let i = 0; i < n; i++) gram[i * (n + 1)] += count * damping;
  let factor: Float64Array;
  try {
    factor = linalg.cholesky(gram, n);
  } catch (cause) {
    if (!(cause instanceof NotPositiveDefiniteError)) throw cause;
    throw new SingularKernelError(step, damping, `a pivot of ${cause.value}`, { cause });
  }
  return {
    rows,
    count,
    solve(c) {
      const out = c.slice();
      addTo(out, rows.weighted(linalg.choleskySolve(factor, n, rows.times(c), 1)), -1);
      return out.map((entry) => entry / damping);
    },
    push(u) {
      return rows.weighted(linalg.choleskySolve(factor, n, u, 1).map((entry) => entry * count));
    },
    residual(b, d) {
      const out = b.slice();
      addTo(out, rows.weighted(rows.times(d)), -1 / count);
      addTo(out, d, -damping);
      return out;
    },
  };
}

function addTo(out: Float64Array, v: Float64Array, factor = 1): void {
  for (let i = 0; i < out.length; i++) out[i] += factor * v[i];
}

function norm(v: Float64Array): number {
  return Math.sqrt(dot(v, v));
}

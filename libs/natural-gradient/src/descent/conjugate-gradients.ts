/**
 * Solves A d = g, A = F + lambda I, by preconditioned conjugate gradients, one round for each product F p. The quadratic that is lowered is
 *   phi(d) = d' A d / 2 - g' d = -d' (g + r) / 2,   r = g - A d.
 * A round costs far more than a pass over a vector, and the vector that travels is rounded, so that short recurrences would drift: the rounded
 * p itself stands in all formulas, its step alpha = r' p / p' A p minimises phi along it exactly, and a new p is made conjugate to all
 * earlier ones that are kept, at O(n) each. So phi falls by (r' p)^2 / (2 p' A p) at every iteration, whatever p was rounded to: the last
 * iterate is the best one; and a matrix of rank r takes r + 1 products.
 * Sources: Hestenes & Stiefel 1952; stop by progress: Martens 2010, section 4.4. n parameters.
 */
import { NegativeCurvatureError, NonFiniteError, StepInputError } from '../errors.ts';
import type { FloatArray, Rounds } from '../rounds.ts';
import { dot } from '../vector.ts';

/** What is solved, and how well. */
export interface CgProblem {
  readonly step: number;
  /** g [n]. */
  readonly gradient: Float64Array;
  /** lambda >= 0; 0 where F is positive definite on the way. */
  readonly damping: number;
  /** First guess [n]; costs a product. */
  readonly start?: Float64Array | undefined;
  /** Products at most, without that of the first guess. */
  readonly iterations: number;
  /** Ends at |r| <= tolerance |g|. */
  readonly tolerance: number;
  /** epsilon of Martens' rule: ends when the last k = max(10, i / 10) iterations lowered phi by less than k epsilon of it; 0 for never. */
  readonly progress: number;
  /** An approximation of A^-1 r, symmetric and positive definite; default r. */
  readonly precondition?: ((residual: Float64Array) => Float64Array) | undefined;
  /** As a round broadcasts a vector: over theta, and rounded as the run rounds. */
  readonly scatter: (vector: Float64Array) => FloatArray;
  readonly gather: (flat: ArrayLike<number>) => Float64Array;
}

/** The last, and best, d that was met. */
export interface CgSolution {
  /** [n], owned by the caller. */
  readonly solution: Float64Array;
  /** Directions taken. */
  readonly iterations: number;
  /** Rounds, with that of the first guess. */
  readonly products: number;
  /** |r| / |g| at the solution; 0 for g = 0. */
  readonly residual: number;
}

/** Numbers that all kept directions and their images may have together. */
const keptNumbers = 2 ** 24;
/** Below this share of |F| |p|^2, p' A p is rounding: by the precision of what travels. */
const roundingShare = { single: 2 ** -16, double: 2 ** -44 } as const;

interface Conjugate {
  readonly p: Float64Array;
  readonly image: Float64Array;
  readonly curvature: number;
}

/**
 * Runs the iteration; yields rounds `product` with the vector `direction`. Equal totals give equal bits.
 * @throws {NegativeCurvatureError} where p' A p < 0 beyond rounding, which no Gauss-Newton or Fisher matrix has
 * @throws {NonFiniteError} for a product that is not finite
 */
export function* conjugateGradients(problem: CgProblem): Rounds<CgSolution> {
  const { gradient, iterations, tolerance, precondition = copy, step } = problem;
  const length = norm(gradient);
  if (length === 0) return { solution: new Float64Array(gradient.length), iterations: 0, products: 0, residual: 0 };
  const product = productOf(problem);
  const { x, residual, phi: first } = yield* startOf(problem, product);
  const phis = [first];
  const kept: Conjugate[] = [];
  const mostKept = Math.max(1, Math.floor(keptNumbers / (2 * gradient.length)));
  let largest = 0;
  let taken = 0;
  while (taken < iterations && norm(residual) > tolerance * length && !isStalled(phis, problem.progress)) {
    const wanted = precondition(residual);
    for (const { p, image, curvature } of kept) addScaled(wanted, -dot(wanted, image) / curvature, p);
    const { p, image, rounding } = yield* product(wanted);
    const [squared, curvature] = [dot(p, p), dot(p, image)];
    if (squared === 0) break;
    largest = Math.max(largest, norm(image) / Math.sqrt(squared));
    if (curvature < -rounding * largest * squared) throw new NegativeCurvatureError(step, taken, curvature / squared);
    if (curvature <= 0) break; // all that is left is rounding
    const slope = dot(residual, p);
    addScaled(x, slope / curvature, p);
    addScaled(residual, -slope / curvature, image);
    phis.push(phis[taken] - (slope * slope) / (2 * curvature));
    if (kept.length === mostKept) kept.shift();
    kept.push({ p, image, curvature });
    taken++;
  }
  return { solution: x, iterations: taken, products: product.count(), residual: norm(residual) / length };
}

/** Where the iteration begins: at the first guess, or at zero where there is none or zero is better. */
function* startOf({ gradient, start }: CgProblem, product: Product): Rounds<{ x: Float64Array; residual: Float64Array; phi: number }> {
  const [x, residual] = [new Float64Array(gradient.length), gradient.slice()];
  if (start === undefined) return { x, residual, phi: 0 };
  const { p, image } = yield* product(start);
  const phi = 0.5 * dot(p, image) - dot(gradient, p);
  if (phi >= 0) return { x, residual, phi: 0 };
  x.set(p);
  addScaled(residual, -1, image);
  return { x, residual, phi };
}

/** A vector as it travelled, and A times that. */
interface Image {
  readonly p: Float64Array;
  readonly image: Float64Array;
  /** Share of |A| |p|^2 below which p' A p is rounding. */
  readonly rounding: number;
}

/** The product with A, a round each, and how often it was asked for. */
interface Product {
  (v: Float64Array): Rounds<Image>;
  count(): number;
}

function productOf({ damping, scatter, gather, step }: CgProblem): Product {
  let index = 0;
  function* product(v: Float64Array): Rounds<Image> {
    // A power of two, so that scaling is exact: p travels with entries of order one, whatever the length of the residual.
    const unit = 2 ** -Math.floor(Math.log2(largestOf(v) || 1));
    const direction = scatter(v.map((entry) => entry * unit));
    const { sums, count } = yield { program: 'product', index: index++, vectors: { direction } };
    const sum = sums.get('product');
    if (sum?.length !== direction.length)
      throw new StepInputError("sum 'product'", `${direction.length} entries`, sum && `${sum.length} entries`);
    const p = gather(direction).map((entry) => entry / unit);
    const image = gather(sum).slice();
    requireFinite(image, index, step);
    for (let i = 0; i < image.length; i++) image[i] = image[i] / count / unit + damping * p[i];
    return { p, image, rounding: direction instanceof Float64Array ? roundingShare.double : roundingShare.single };
  }
  return Object.assign(product, { count: () => index });
}

function requireFinite(sum: Float64Array, iteration: number, step: number): void {
  const index = sum.findIndex((entry) => !Number.isFinite(entry));
  if (index < 0) return;
  const detail = `product ${iteration} of conjugate gradients at step ${step}`;
  throw new NonFiniteError({ quantity: 'statistics', subject: 'product', detail, index, value: sum[index] });
}

/** Martens' rule. */
function isStalled(phis: readonly number[], epsilon: number): boolean {
  const i = phis.length - 1;
  const k = Math.max(10, Math.floor(0.1 * i));
  if (epsilon === 0 || i <= k || phis[i] >= 0) return false;
  return (phis[i] - phis[i - k]) / phis[i] < k * epsilon;
}

function addScaled(out: Float64Array, factor: number, v: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] += factor * v[i];
}

function largestOf(v: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < v.length; i++) largest = Math.max(largest, Math.abs(v[i]));
  return largest;
}

function norm(v: Float64Array): number {
  return Math.sqrt(dot(v, v));
}

function copy(v: Float64Array): Float64Array {
  return v.slice();
}

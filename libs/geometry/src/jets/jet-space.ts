/**
 * The derivatives that a jet carries: a set of monomials in directions 0 .. k-1, closed under taking parts, with the rules by which
 * they multiply (Leibniz) and pass through functions (Faa di Bruno). Of order 2 in directions u, v they are
 *   value, d_u, d_v, d_uu, d_uv, d_vv,
 * which is the forward 2-jet of spec A4. The rules are tables made once for each space; spaces are shared by (directions, order).
 * Legend: k directions, C channels (monomials), a monomial is an ascending tuple of directions, [] the value.
 */
import { MetricError } from '../errors.ts';

/** One term of a product: out += weight * left * right, by channel. */
export interface ProductTerm {
  readonly out: number;
  readonly left: number;
  readonly right: number;
  readonly weight: number;
}

/** One term of a function of a jet: out += f^(factors.length) * product of the factors, by channel. */
export interface ChainTerm {
  readonly out: number;
  readonly factors: readonly number[];
}

const shared = new Map<string, JetSpace>();

/**
 * A truncated algebra of derivatives. Obtain one with JetSpace.of, widen it with withTangents.
 *
 * Limitations: C = (k + order choose order) channels, so that order 2 in all of d directions costs d^2 / 2 evaluations.
 */
export class JetSpace {
  /** k, directions including tangents. */
  readonly directions: number;
  /** The length of the longest monomial. */
  readonly order: number;
  /** Every monomial after its parts; of JetSpace.of, short ones first and then in lexicographic order. */
  readonly monomials: readonly (readonly number[])[];
  readonly products: readonly ProductTerm[];
  /** Terms of every channel but the value. */
  readonly chains: readonly ChainTerm[];
  readonly #channels: ReadonlyMap<number, number>;
  readonly #name: string;

  private constructor(name: string, directions: number, monomials: readonly (readonly number[])[]) {
    this.#name = name;
    this.directions = directions;
    this.monomials = monomials;
    this.order = monomials.reduce((most, { length }) => Math.max(most, length), 0);
    this.#channels = new Map(monomials.map((monomial, channel) => [this.#key(monomial), channel]));
    this.products = monomials.flatMap((monomial, out) => this.#leibniz(monomial, out));
    this.chains = monomials.flatMap((monomial, out) => (out === 0 ? [] : this.#chain(monomial, out)));
  }

  /**
   * The space of all derivatives up to `order` in `directions` directions; of order 0 it carries values only.
   * @throws {MetricError} when either is not a whole number of at least 0
   */
  static of(directions: number, order: number): JetSpace {
    if (!Number.isSafeInteger(directions) || directions < 0)
      throw new MetricError('JetSpace.of', 'directions', 'a whole number of at least 0', String(directions));
    if (!Number.isSafeInteger(order) || order < 0)
      throw new MetricError('JetSpace.of', 'order', 'a whole number of at least 0', String(order));
    return share(`${directions}^${order}`, (name) => new JetSpace(name, directions, monomialsUpTo(directions, order)));
  }

  /** Channels C. */
  get channels(): number {
    return this.monomials.length;
  }

  /** The channel of the derivative along these directions, in any order. @throws {MetricError} when the space does not carry it */
  channel(...along: readonly number[]): number {
    const channel = this.#channels.get(this.#key(along.length < 2 ? along : [...along].sort((a, b) => a - b)));
    if (channel === undefined)
      throw new MetricError('JetSpace.channel', 'along', `directions below ${this.directions}, at most ${this.order}`, `[${along.join()}]`);
    return channel;
  }

  /**
   * This space with `count` further directions k .. k + count - 1 that occur at most once, and never two of them together: what a
   * Jacobian needs that is itself to be differentiated. C (1 + count) channels.
   */
  withTangents(count: number): JetSpace {
    return share(`${this.#name}+${count}`, (name) => {
      const tangents = Array.from({ length: count }, (_, i) => this.directions + i);
      const mixed = this.monomials.flatMap((monomial) => tangents.map((tangent) => [...monomial, tangent]));
      return new JetSpace(name, this.directions + count, [...this.monomials, ...mixed]);
    });
  }

  /** An ascending tuple as a number in base k + 1, its digits from 1; NaN for unknown directions. */
  #key(monomial: readonly number[]): number {
    let key = 0;
    for (const direction of monomial) {
      const known = direction >= 0 && direction < this.directions;
      key = key * (this.directions + 1) + (known ? direction + 1 : Number.NaN);
    }
    return key;
  }

  /** Every way to share the directions of a monomial between two factors. */
  #leibniz(monomial: readonly number[], out: number): ProductTerm[] {
    const weights = new Map<string, ProductTerm>();
    for (let subset = 0; subset < 1 << monomial.length; subset++) {
      const left = this.channel(...monomial.filter((_, position) => (subset >> position) & 1));
      const right = this.channel(...monomial.filter((_, position) => !((subset >> position) & 1)));
      const weight = (weights.get(`${left},${right}`)?.weight ?? 0) + 1;
      weights.set(`${left},${right}`, { out, left, right, weight });
    }
    return [...weights.values()];
  }

  /** Every way to part the directions of a monomial into blocks. */
  #chain(monomial: readonly number[], out: number): ChainTerm[] {
    return partitions(monomial).map((blocks) => ({ out, factors: blocks.map((block) => this.channel(...block)) }));
  }
}

function share(name: string, make: (name: string) => JetSpace): JetSpace {
  const known = shared.get(name);
  if (known) return known;
  const made = make(name);
  shared.set(name, made);
  return made;
}

/** Ascending tuples of at most `order` directions, short ones first. */
function monomialsUpTo(directions: number, order: number): number[][] {
  const all: number[][] = [[]];
  let longest: number[][] = [[]];
  for (let length = 1; length <= order; length++) {
    longest = longest.flatMap((monomial) =>
      Array.from({ length: directions - (monomial.at(-1) ?? 0) }, (_, i) => [...monomial, (monomial.at(-1) ?? 0) + i]),
    );
    all.push(...longest);
  }
  return all;
}

/** The partitions of a list into blocks, positions being told apart. */
function partitions(items: readonly number[]): number[][][] {
  if (items.length === 0) return [[]];
  const last = items[items.length - 1];
  return partitions(items.slice(0, -1)).flatMap((blocks) => [
    ...blocks.map((_, chosen) => blocks.map((block, at) => (at === chosen ? [...block, last] : block))),
    [...blocks, [last]],
  ]);
}

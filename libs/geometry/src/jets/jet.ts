/**
 * Jets: arrays of n numbers together with their derivatives along a few directions, propagated forward through arithmetic, exactly to
 * rounding. Everything in this library that needs a derivative gets it from here; nothing uses finite differences.
 * Data are [C, n] row-major: channel c holds the derivative by monomial c of the space (jet-space.ts), channel 0 the values.
 * Methods return new jets; an operand of size 1 is spread over the other. Legend: C channels, n size, k directions.
 * @see spec A4 "Forward jets, not nested autodiff"
 */
import { MetricError, requireLength } from '../errors.ts';
import { JetSpace } from './jet-space.ts';

/** Writes f(x), f'(x), ... into `out`, as many as it has entries. */
export type Derivatives = (x: number, out: Float64Array) => void;

/** Adds scale * (one bilinear product of a channel of the left with a channel of the right) to `out`. */
export type BilinearKernel = (left: Float64Array, right: Float64Array, scale: number, out: Float64Array) => void;

/** An array of numbers with derivatives. Cost of a product: about C 2^order multiplications for each entry. */
export class Jet {
  readonly space: JetSpace;
  readonly size: number;
  /** [C, n]; not to be written to. */
  readonly data: Float64Array;
  /** Views of the channels, made when first asked for. */
  #views: Float64Array[] | undefined;

  /** Takes ownership of `data` [C, size]. @throws {MetricError} when the length is wrong */
  constructor(space: JetSpace, size: number, data: Float64Array) {
    requireLength('Jet', 'data', data, space.channels * size, `[${space.channels}, ${size}]`);
    this.space = space;
    this.size = size;
    this.data = data;
  }

  /** The point x [n] that moves along `directions`, each [n]: their channels are its first derivatives. @throws {MetricError} */
  static along(x: ArrayLike<number>, directions: readonly ArrayLike<number>[], order: number): Jet {
    const jet = Jet.constant(JetSpace.of(directions.length, order), x);
    if (order === 0) return jet;
    directions.forEach((direction, a) => {
      requireLength('Jet.along', `directions[${a}]`, direction, x.length, `[${x.length}]`);
      jet.channel(jet.space.channel(a)).set(direction);
    });
    return jet;
  }

  /** The point x [n] that moves along its n coordinate directions: the jet of a function of it carries all partial derivatives. */
  static at(x: ArrayLike<number>, order: number): Jet {
    const axes = Array.from({ length: order === 0 ? 0 : x.length }, (_, i) => Float64Array.from(x, (_entry, j) => (i === j ? 1 : 0)));
    return Jet.along(x, axes, order);
  }

  /** Numbers without derivatives. */
  static constant(space: JetSpace, values: ArrayLike<number>): Jet {
    const data = new Float64Array(space.channels * values.length);
    data.set(values);
    return new Jet(space, values.length, data);
  }

  /** Jets of one space one after the other. */
  static concat(parts: readonly Jet[]): Jet {
    const { space } = parts[0];
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const joined = new Jet(space, size, new Float64Array(space.channels * size));
    let first = 0;
    for (const part of parts) {
      for (let c = 0; c < space.channels; c++)
        for (let i = 0; i < part.size; i++) joined.data[c * size + first + i] = part.data[c * part.size + i];
      first += part.size;
    }
    return joined;
  }

  /** One channel [n], a view. */
  channel(c: number): Float64Array {
    this.#views ??= Array.from({ length: this.space.channels }, (_, at) => this.data.subarray(at * this.size, (at + 1) * this.size));
    return this.#views[c];
  }

  /** The values [n], a view. */
  get values(): Float64Array {
    return this.channel(0);
  }

  /** The derivative [n] along these directions, a view. @throws {MetricError} when the jet does not carry it */
  derivative(...along: readonly number[]): Float64Array {
    return this.channel(this.space.channel(...along));
  }

  /** The entries from..to (exclusive, default from + 1). */
  slice(from: number, to: number = from + 1): Jet {
    const { space, size, data } = this;
    const part = new Jet(space, to - from, new Float64Array(space.channels * (to - from)));
    for (let c = 0; c < space.channels; c++) for (let i = 0; i < part.size; i++) part.data[c * part.size + i] = data[c * size + from + i];
    return part;
  }

  /** A linear map of the n entries to `size` entries, applied to every channel. `map` fills `out`, which is zero. */
  linear(size: number, map: (entries: Float64Array, out: Float64Array) => void): Jet {
    const image = new Jet(this.space, size, new Float64Array(this.space.channels * size));
    for (let c = 0; c < this.space.channels; c++) map(this.channel(c), image.channel(c));
    return image;
  }

  /** this A for a constant A [n, m]. @throws {MetricError} when the length is wrong */
  times(matrix: Float64Array, m: number): Jet {
    requireLength('Jet.times', 'matrix', matrix, this.size * m, `[${this.size}, ${m}]`);
    return this.linear(m, (entries, out) => {
      for (let i = 0; i < entries.length; i++)
        if (entries[i] !== 0) for (let j = 0, at = i * m; j < m; j++, at++) out[j] += entries[i] * matrix[at];
    });
  }

  /** The sum of the entries. */
  sum(): Jet {
    return this.linear(1, (entries, out) => entries.forEach((entry) => (out[0] += entry)));
  }

  /** Multiplied by a number. */
  scale(factor: number): Jet {
    return new Jet(
      this.space,
      this.size,
      this.data.map((entry) => entry * factor),
    );
  }

  /** The sum with a jet, or with constants [n] or [1]. */
  plus(other: Jet | ArrayLike<number> | number): Jet {
    const term = this.#asJet(other);
    const size = Math.max(this.size, term.size);
    const sum = new Jet(this.space, size, new Float64Array(this.space.channels * size));
    const [stepA, stepB] = [this.size === 1 ? 0 : 1, term.size === 1 ? 0 : 1];
    for (let c = 0; c < this.space.channels; c++)
      for (let i = 0; i < size; i++) sum.data[c * size + i] = this.data[c * this.size + i * stepA] + term.data[c * term.size + i * stepB];
    return sum;
  }

  /** The difference to a jet, or to constants. */
  minus(other: Jet | ArrayLike<number> | number): Jet {
    return this.plus(this.#asJet(other).scale(-1));
  }

  /** The product entry by entry. */
  multiply(other: Jet): Jet {
    return this.bilinear(other, Math.max(this.size, other.size), (a, b, scale, out) => {
      const [stepA, stepB] = [a.length === 1 ? 0 : 1, b.length === 1 ? 0 : 1];
      for (let i = 0; i < out.length; i++) out[i] += scale * a[i * stepA] * b[i * stepB];
    });
  }

  /** Any bilinear product, to `size` entries, by the rule of Leibniz. @throws {MetricError} when the spaces differ */
  bilinear(other: Jet, size: number, kernel: BilinearKernel): Jet {
    if (other.space !== this.space) throw new MetricError('Jet.bilinear', 'other', 'a jet of the same space', 'one of another space');
    const product = new Jet(this.space, size, new Float64Array(this.space.channels * size));
    const [idleLeft, idleRight] = [this.#idleChannels(), other.#idleChannels()];
    for (const { out, left, right, weight } of this.space.products)
      if (!idleLeft[left] && !idleRight[right]) kernel(this.channel(left), other.channel(right), weight, product.channel(out));
    return product;
  }

  /** A function of every entry, by the formula of Faa di Bruno. */
  map(derivatives: Derivatives): Jet {
    const { space, size } = this;
    const result = new Jet(space, size, new Float64Array(space.channels * size));
    const tower = new Float64Array(space.order + 1);
    const towers = Array.from({ length: space.order + 1 }, () => new Float64Array(size));
    for (let i = 0; i < size; i++) {
      derivatives(this.data[i], tower);
      for (let q = 0; q <= space.order; q++) towers[q][i] = tower[q];
    }
    result.channel(0).set(towers[0]);
    for (const { out, factors } of space.chains)
      for (let i = 0; i < size; i++) {
        let term = towers[factors.length][i];
        for (const factor of factors) term *= this.data[factor * size + i];
        result.data[out * size + i] += term;
      }
    return result;
  }

  /**
   * Lets the point move by further tangents along each of its n entries, for jacobianOf. A jet of space.withTangents(n).
   */
  withTangents(): Jet {
    const wide = this.space.withTangents(this.size);
    const data = new Float64Array(wide.channels * this.size);
    data.set(this.data);
    for (let i = 0; i < this.size; i++) data[wide.channel(this.space.directions + i) * this.size + i] = 1;
    return new Jet(wide, this.size, data);
  }

  /** The part of a jet of space.withTangents that carries one tangent: with no tangent given, the part that carries none. */
  restrict(space: JetSpace, tangent?: number): Jet {
    const part = new Jet(space, this.size, new Float64Array(space.channels * this.size));
    const extra = tangent === undefined ? [] : [space.directions + tangent];
    space.monomials.forEach((monomial, c) => part.channel(c).set(this.derivative(...monomial, ...extra)));
    return part;
  }

  #asJet(other: Jet | ArrayLike<number> | number): Jet {
    if (other instanceof Jet) return other;
    return Jet.constant(this.space, typeof other === 'number' ? [other] : other);
  }

  /** Which channels are zero throughout, as those of constants are: products skip them. */
  #idleChannels(): boolean[] {
    return Array.from({ length: this.space.channels }, (_, c) => c > 0 && this.channel(c).every((entry) => entry === 0));
  }
}

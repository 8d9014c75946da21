/**
 * Seeded random programs over all smooth kernels of the case table, with many moves that simplification has rules for:
 * scalar factors, zeros and ones, negations, nested moves, broadcasts under reductions, transposes into products. A seed
 * makes the same operations on every builder, whatever that builder makes of them.
 */
import { Expressions, vjp, type GraphBuilder } from '@geodesic/engine';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { kernelCases } from './cases/index.ts';
import { drawEntries, generator, tensor, type CaseInput, type KernelCase } from './cases/kernel-case.ts';

/** Kernels with jumps: there the last bit of an argument may decide about a whole unit of the result. */
const JUMPS = ['Sign', 'Floor', 'Ceil', 'Round', 'Mod', 'FloorDiv', 'IsNan', 'IsInf', 'IsFinite', 'OneHot'];
const USABLE: readonly KernelCase[] = kernelCases.filter(
  ({ kernel, inputs }) => !JUMPS.includes(kernel) && inputs.some(({ dtype }) => dtype === 'float32'),
);

/** The inputs of every random program. */
export const programInputs: readonly CaseInput[] = [
  { shape: [2, 3], dtype: 'float64' },
  { shape: [3], dtype: 'float64' },
  { shape: [2, 2, 4], dtype: 'float64' },
];

/** Appends a random program of so many steps: every value is an output `o<step>`; `g<i>` are gradients of the inputs. */
export function appendRandomProgram(builder: GraphBuilder, options: { readonly seed: number; readonly steps: number }): void {
  const program = new RandomProgram(builder, options.seed);
  for (let step = 0; step < options.steps; step++) builder.output(`o${step}`, program.step());
  program.gradients().forEach((id, i) => builder.output(`g${i}`, id));
}

type Move = (a: number, b: number) => number;

class RandomProgram {
  readonly #x: Expressions;
  readonly #random: () => number;
  readonly #inputs: readonly number[];
  readonly #values: number[];

  constructor(builder: GraphBuilder, seed: number) {
    this.#x = new Expressions(builder);
    this.#random = generator(seed);
    this.#inputs = programInputs.map(({ shape }, i) => builder.input(`x${i}`, shape, 'float64'));
    this.#values = [...this.#inputs];
  }

  /** Makes one more value, of float64. */
  step(): number {
    const [a, b] = [this.#pick(this.#values), this.#pick(this.#values)];
    const made = this.#random() < 0.6 ? this.#pick(this.#moves())(a, b) : this.#apply(this.#pick(USABLE), a, b);
    this.#values.push(made);
    return made;
  }

  /** Gradients of the sum of all values. */
  gradients(): number[] {
    const x = this.#x;
    const made = this.#values.slice(this.#inputs.length);
    const seeds = made.map((id) => ({ id, cotangent: x.broadcastTo(x.like(id, 1), x.shapeOf(id)) }));
    return vjp(x.builder, seeds, this.#inputs);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)];
  }

  /** Moves that simplification knows. */
  #moves(): Move[] {
    return [...this.#arithmetic(), ...this.#layout()];
  }

  #arithmetic(): Move[] {
    const x = this.#x;
    const number = (): number => this.#pick([0, 1, -1, 2, 0.5, 3, -0.7]);
    const divisor = (): number => this.#pick([1, -1, 2, 4, 3, 0.7]);
    const exponent = (): number => this.#pick([0, 1, 2, 0.5, -1, -0.5, 3]);
    const with0 = (a: number): number => x.broadcastTo(x.like(a, 0), x.shapeOf(a));
    return [
      (a, b) => x.add(a, this.#partner(a, b)),
      (a, b) => x.sub(a, this.#partner(a, b)),
      (a, b) => x.mul(a, this.#squash(this.#partner(a, b), [-1, 1])),
      (a, b) => x.sub(x.neg(a), x.neg(this.#partner(a, b))),
      (a) => x.scale(x.scale(a, number()), number()),
      (a) => x.neg(x.scale(x.neg(a), number())),
      (a) => x.div(x.div(a, x.like(a, divisor())), x.like(a, divisor())),
      (a) => x.shift(x.sub(with0(a), a), 0),
      (a) => x.binary('Pow', this.#squash(a, [0.5, 1.5]), x.like(a, exponent())),
      (a) => x.div(x.broadcastTo(x.like(a, 1), x.shapeOf(a)), this.#squash(a, [0.5, 1.5])),
      (a) => x.mul(this.#squash(a, [-1, 1]), this.#squash(a, [-1, 1])),
      (a, b) => x.select(x.builder.constant(Number(this.#random() < 0.5), 'bool'), a, this.#partner(a, b)),
      (a, b) => x.unary('Tanh', x.broadcastTo(this.#partner(a, b), x.shapeOf(a))),
    ];
  }

  #layout(): Move[] {
    const x = this.#x;
    const reversed = (a: number): number[] => x.shapeOf(a).map((_, axis, { length }) => length - 1 - axis);
    const begin = (a: number): number[] => x.shapeOf(a).map(() => 0);
    const lead = (a: number): number => this.#fit(a, [2, Math.max(1, sizeOf(x.shapeOf(a)) >> 1)]);
    return [
      (a) => x.reshape(x.reshape(a, [sizeOf(x.shapeOf(a))]), [...x.shapeOf(a), 1]),
      (a) => x.transpose(x.transpose(a, reversed(a)), reversed(a)),
      (a) => x.transpose(x.broadcastTo(a, [2, ...x.shapeOf(a)]), reversed(x.broadcastTo(a, [2, ...x.shapeOf(a)]))),
      (a) => x.sum(x.broadcastTo(a, [2, ...x.shapeOf(a)]), [0]),
      (a) => x.slice(x.slice(lead(a), [1, 0], [1, x.shapeOf(lead(a))[1]]), [0, 0], [1, 1]),
      (a) => x.slice(x.concat([lead(a), x.neg(lead(a))], 0), [2, 0], x.shapeOf(lead(a))),
      (a) =>
        x.pad(
          x.slice(a, begin(a), x.shapeOf(a)),
          x.shapeOf(a).map((_, axis) => [axis === 0 ? 1 : 0, 0]),
        ),
      (a, b) => x.matMul(this.#squash(lead(a), [-1, 1]), this.#fit(b, [x.shapeOf(lead(a))[1], 3])),
      (a, b) => x.matMul(x.transpose(this.#fit(b, [3, 2]), [1, 0]), this.#squash(this.#fit(a, [3, 4]), [-1, 1])),
      (a, b) => x.matMul(this.#squash(this.#fit(a, [2, 3, 4]), [-1, 1]), this.#fit(b, [2, 4]), { transposeB: true }),
      (a) => x.builder.add('Max', [x.reshape(a, [1, ...x.shapeOf(a)])], { axes: [0], keepDims: false }),
      (a) => x.cast(a, 'float64'),
    ];
  }

  /** b, brought to a shape that broadcasts with a's. */
  #partner(a: number, b: number): number {
    const shape = this.#x.shapeOf(a);
    return this.#fit(b, this.#pick([shape, shape.slice(1), shape.map((n, axis) => (axis === 0 ? 1 : n)), []]));
  }

  /** Cuts or repeats the entries of a value to fill a shape. */
  #fit(id: number, shape: Shape): number {
    const x = this.#x;
    const [from, to] = [sizeOf(x.shapeOf(id)), sizeOf(shape)];
    const flat = x.reshape(id, [from]);
    const copies = Math.ceil(to / from);
    const enough =
      copies === 1
        ? flat
        : x.concat(
            Array.from({ length: copies }, () => flat),
            0,
          );
    return x.reshape(x.slice(enough, [0], [to]), shape);
  }

  /** Maps a value smoothly into a range. */
  #squash(id: number, [from, to]: readonly [number, number]): number {
    const x = this.#x;
    return x.shift(x.scale(x.unary('Tanh', id), (to - from) / 2), (to + from) / 2);
  }

  /** Applies the kernel of a case to values made of a and b. */
  #apply({ kernel, inputs, attributes }: KernelCase, a: number, b: number): number {
    const x = this.#x;
    const made = x.builder.add(
      kernel,
      inputs.map((input, i) => this.#argument(input, i % 2 === 0 ? a : b)),
      attributes,
    );
    return x.dtypeOf(made) === 'float64' ? made : x.add(this.#fit(a, []), x.cast(x.cast(made, 'int32'), 'float64'));
  }

  #argument(input: CaseInput, id: number): number {
    const { shape, dtype, range = [-2, 2], kind } = input;
    const x = this.#x;
    if (dtype === 'int32' || dtype === 'bool') return x.builder.constant(tensor(dtype, shape, drawEntries(input, this.#random)));
    const inside = this.#squash(this.#fit(id, shape), kind === undefined ? range : [-0.5, 0.5]);
    if (kind === undefined) return inside;
    // A constant of the wanted kind, moved by less than what makes it one.
    const constant = x.builder.constant(tensor('float64', shape, drawEntries(input, this.#random)));
    if (kind === 'distinct') return x.add(constant, x.scale(inside, 0.02));
    const moved = kind === 'spd' ? x.matMul(inside, inside, { transposeB: true }) : x.mul(inside, constant);
    return x.add(constant, x.scale(moved, 0.25));
  }
}

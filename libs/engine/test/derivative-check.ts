/**
 * Checks the derivatives of one kernel case to an order, all ways of nesting forward (J) and reverse (R) included: with F a
 * value or any derivative of it of the order before,
 *   J(F) along u  =  (F(x + h u) - F(x - h u)) / 2h     central differences of the reference interpreter, in float64
 *   <w, J(F) u>   =  <R(F) w, u>                        forward and reverse are each other's transpose
 *   J(F) u        =  d<R(F) w, u>/dw                    forward is reverse twice
 */
import { evaluate, jvp, vjp, type Graph, type GraphBuilder } from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { buildCase, drawEntries, generator, materialise, tensor, type KernelCase } from './cases/kernel-case.ts';

/** Step of central differences: their error is about h^2 = 1e-10 by truncation and 1e-16 / h = 1e-11 by rounding. */
const H = 1e-5;
/** Four decades above that error, because derivatives of the next orders, which scale it, may be large. */
const DIFFERENCE = 1e-6;
/** Both sides are the same few operations in float64, in another order. */
const IDENTITY = 1e-11;

/** A value or derivative and its nesting, spelled from the outside in (`JR`: forward over reverse); ids of its parts. */
interface Derivative {
  readonly nesting: string;
  readonly ids: readonly number[];
}

/** A derivative, and what its own derivatives have to satisfy. */
interface Step {
  readonly of: Derivative;
  readonly cotangents: readonly number[];
  readonly directions: readonly number[];
  readonly forward: readonly number[];
  readonly reverse: readonly number[];
  readonly twice: readonly number[];
}

/**
 * Expects the relations above of every order up to `order`; nothing where the output is not float.
 * @throws {Error} naming the case and the nesting that fails
 */
export function expectDerivatives(kernelCase: KernelCase, options: { readonly seed: number; readonly order: 1 | 2 | 3 }): void {
  const { builder, inputs, value } = buildCase(kernelCase);
  if (!['float32', 'float64'].includes(builder.dtypeOf(value))) return;
  const point = new Point(kernelCase, builder, options.seed);
  let functions: Derivative[] = [{ nesting: '', ids: [value] }];
  for (let order = 1; order <= options.order; order++) {
    const lower = point.graphOf(functions.flatMap(({ ids }) => ids));
    const wrt = inputs.map((id, i) => ({ id, name: `u${order}:x${i}` })).filter(({ id }) => builder.dtypeOf(id) === 'float64');
    const directions = wrt.map(({ id, name }) => builder.input(name, builder.shapeOf(id), 'float64'));
    const pairs = wrt.map(({ id }, i) => ({ id, direction: directions[i] }));
    const steps = functions.map((of) => differentiate(builder, of, pairs));
    const whole = point.graphOf(steps.flatMap((s) => [s.cotangents, s.directions, s.forward, s.reverse, s.twice].flat()));
    const there = point.evaluate(whole);
    const [ahead, behind] = [point.evaluate(lower, { order, step: H }), point.evaluate(lower, { order, step: -H })];
    for (const step of steps) {
      try {
        checkStep(step, { there, ahead, behind });
      } catch (error) {
        const where = `${kernelCase.kernel} ${kernelCase.title}: derivative ${order} of ${step.of.nesting || 'the value'}`;
        throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
      }
    }
    functions = steps.flatMap(({ of, forward, reverse }) => [
      { nesting: `J${of.nesting}`, ids: forward },
      { nesting: `R${of.nesting}`, ids: reverse },
    ]);
  }
}

/** Appends J(F), R(F), and the forward derivative made of two reverse ones. */
function differentiate(builder: GraphBuilder, of: Derivative, wrt: readonly { readonly id: number; readonly direction: number }[]): Step {
  const cotangents = of.ids.map((id, part) => builder.input(`w${of.nesting}:${part}`, builder.shapeOf(id), builder.dtypeOf(id)));
  const directions = wrt.map(({ direction }) => direction);
  const forward = jvp(
    builder,
    wrt.map(({ id, direction }) => ({ id, tangent: direction })),
    of.ids,
  );
  const reverse = vjp(
    builder,
    of.ids.map((id, part) => ({ id, cotangent: cotangents[part] })),
    wrt.map(({ id }) => id),
  );
  const twice = vjp(
    builder,
    reverse.map((id, i) => ({ id, cotangent: directions[i] })),
    cotangents,
  );
  return { of, cotangents, directions, forward, reverse, twice };
}

/** Values by id. */
type Values = (id: number) => ArrayLike<number>;

function checkStep(
  step: Step,
  { there, ahead, behind }: { readonly there: Values; readonly ahead: Values; readonly behind: Values },
): void {
  const read = (ids: readonly number[], values: Values): number[] => ids.flatMap((id) => Array.from(values(id)));
  const [before, after, forward] = [read(step.of.ids, behind), read(step.of.ids, ahead), read(step.forward, there)];
  const difference = after.map((value, e) => (value - before[e]) / (2 * H));
  const scale = [...after, ...difference].reduce((top, value) => Math.max(top, Math.abs(value)), 1);
  expectClose(forward, difference, { abs: DIFFERENCE * scale });
  const product = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, e) => sum + value * b[e], 0);
  const reverse = read(step.reverse, there);
  const terms = Math.max(forward.length, reverse.length);
  expectClose(product(reverse, read(step.directions, there)), product(read(step.cotangents, there), forward), {
    abs: IDENTITY * scale * terms,
  });
  expectClose(read(step.twice, there), forward, { abs: IDENTITY * scale * terms });
}

/** The point at which a case is checked: x from the case; directions and cotangents uniform in (-1, 1). */
class Point {
  readonly #case: KernelCase;
  readonly #builder: GraphBuilder;
  readonly #random: () => number;
  readonly #entries: Map<string, TensorData>;
  readonly #named = new Set<number>();

  constructor(kernelCase: KernelCase, builder: GraphBuilder, seed: number) {
    this.#case = kernelCase;
    this.#builder = builder;
    this.#random = generator(seed ^ 0x5bd1e995);
    this.#entries = new Map(Object.entries(materialise(kernelCase, seed)));
  }

  /** The graph of some values and of those asked before. */
  graphOf(ids: readonly number[]): Graph {
    for (const id of ids) {
      if (!this.#named.has(id)) this.#builder.output(String(id), id);
      this.#named.add(id);
    }
    const graph = this.#builder.build();
    for (const { name, id } of graph.inputs) if (!this.#entries.has(name)) this.#entries.set(name, this.#draw(name, graph.nodes[id].shape));
    return graph;
  }

  /** Values at x, or at x + step * u with u the direction of an order. */
  evaluate(graph: Graph, move?: { readonly order: number; readonly step: number }): Values {
    const feeds = graph.inputs.map(({ name }): [string, TensorData] => {
      const at = this.#entries.get(name) as TensorData;
      const direction = move && this.#entries.get(`u${move.order}:${name}`);
      return [name, direction ? { ...at, data: Float64Array.from(at.data, (value, e) => value + move.step * direction.data[e]) } : at];
    });
    const values = evaluate(graph, Object.fromEntries(feeds), { precision: 'float64' });
    return (id) => values[String(id)].data;
  }

  /** Directions stay among symmetric or lower triangular matrices where the input is one. */
  #draw(name: string, shape: readonly number[]): TensorData {
    const entries = drawEntries({ shape, dtype: 'float64', range: [-1, 1] }, this.#random);
    const input = /^u\d:x(\d+)$/.exec(name);
    const kind = input ? this.#case.inputs[Number(input[1])].kind : undefined;
    const n = shape[shape.length - 1];
    const kept = entries.map((value, e) => {
      const [row, column] = [Math.floor(e / n) % n, e % n];
      if (kind === 'lower') return row >= column ? value : 0;
      return kind === 'spd' ? (value + entries[e + (column - row) * (n - 1)]) / 2 : value;
    });
    return tensor('float64', shape, kept);
  }
}

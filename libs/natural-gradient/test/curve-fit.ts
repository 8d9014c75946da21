/**
 * A small nonlinear least-squares problem for tests: r_n = a_1 exp(-b_1 x_n) + a_2 exp(-b_2 x_n) - y_n, theta = [a_1, b_1, a_2, b_2], as workers
 * answer the rounds of Levenberg-Marquardt. Derivatives along a path come from its Taylor series, not from any engine.
 */
import type { RoundRequest, RoundTotals } from '../src/rounds.ts';
import { totalsOf } from './drive.ts';

export const truth = [1.5, 0.7, 0.8, 3.1];
export const points: readonly number[] = Array.from({ length: 40 }, (_, i) => i / 10);
const size = 4;

/** Residual of one example. */
function residual(theta: ArrayLike<number>, x: number): number {
  const model = (t: ArrayLike<number>): number => t[0] * Math.exp(-t[1] * x) + t[2] * Math.exp(-t[3] * x);
  return model(theta) - model(truth);
}

function jacobian(theta: ArrayLike<number>, x: number): number[] {
  return [0, 2].flatMap((at) => {
    const e = Math.exp(-theta[at + 1] * x);
    return [e, -x * theta[at] * e];
  });
}

/** d^k/dt^k r(theta + sum_i p_i t^i / i!) at t = 0, from power series: e' = z' e. */
function pathDerivative(theta: ArrayLike<number>, path: readonly ArrayLike<number>[], x: number): number {
  const order = path.length + 1;
  let factorial = 1;
  const series = (entry: number): number[] => {
    let i = 1;
    return [theta[entry], ...path.map((p, at) => p[entry] / (i *= at + 1)), 0];
  };
  let sum = 0;
  for (const at of [0, 2]) {
    const [a, z] = [series(at), series(at + 1).map((entry) => -x * entry)];
    const e = [Math.exp(z[0])];
    for (let k = 1; k <= order; k++) {
      let next = 0;
      for (let j = 1; j <= k; j++) next += j * z[j] * e[k - j];
      e.push(next / k);
    }
    for (let j = 0; j <= order; j++) sum += a[j] * e[order - j];
  }
  for (let k = 2; k <= order; k++) factorial *= k;
  return sum * factorial;
}

/** The sums of a round over some examples, at theta. */
export function sumsAt(theta: ArrayLike<number>, { program, vectors, move }: RoundRequest, xs: readonly number[]): RoundTotals {
  if (program === 'trial') {
    const moved = Float64Array.from({ length: size }, (_, i) => theta[i] + move!.alpha * move!.direction[i]);
    const objectives = xs.map((x) => residual(moved, x) ** 2 / 2);
    const sound = objectives.filter(Number.isFinite);
    return totalsOf(xs.length, {}, { objective: sound.reduce((a, b) => a + b, 0), sound: sound.length });
  }
  const rows = xs.map((x) => ({ j: jacobian(theta, x), r: residual(theta, x), x }));
  const weighted = (of: (row: (typeof rows)[number]) => number) =>
    Float64Array.from({ length: size }, (_, i) => rows.reduce((sum, row) => sum + row.j[i] * of(row), 0));
  if (program === 'normal') {
    const JJ = Float64Array.from({ length: size * size }, (_, at) =>
      rows.reduce((sum, { j }) => sum + j[Math.floor(at / size)] * j[at % size], 0),
    );
    return totalsOf(xs.length, { JJ, Jr: weighted(({ r }) => r) }, { objective: rows.reduce((sum, { r }) => sum + (r * r) / 2, 0) });
  }
  const path = Object.values(vectors!);
  return totalsOf(xs.length, { Ja: weighted(({ x }) => pathDerivative(theta, path, x)) });
}

/** Adds totals of parts in the order given. */
export function added(parts: readonly RoundTotals[]): RoundTotals {
  const [first, ...rest] = parts;
  return rest.reduce(
    (sum, part) => ({
      count: sum.count + part.count,
      columns: new Map([...sum.columns].map(([name, value]) => [name, value + part.columns.get(name)!])),
      sums: new Map(
        [...sum.sums].map(([name, values]) => [name, Float64Array.from(values, (value, i) => value + part.sums.get(name)![i])]),
      ),
    }),
    first,
  );
}

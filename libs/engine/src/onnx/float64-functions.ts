/**
 * Functions that the CPU provider has in float32 only, composed of what it has in float64. Each is accurate to the error
 * stated with it, for all arguments; a NaN stays NaN. Values are names in a writer's model.
 */
import { scaledErfc } from '../kernels/special.ts';
import type { OnnxWriter } from './writer.ts';

/** Operations on float64 values of one model. */
class Doubles {
  readonly writer: OnnxWriter;

  constructor(writer: OnnxWriter) {
    this.writer = writer;
  }

  number(value: number): string {
    return this.writer.scalar('float64', value);
  }

  op(opType: string, ...operands: readonly (string | number)[]): string {
    return this.writer.op(
      opType,
      operands.map((operand) => (typeof operand === 'number' ? this.number(operand) : operand)),
    );
  }

  /** sum_i coefficients_i x^i, by Horner's rule. */
  polynomial(x: string, coefficients: readonly number[]): string {
    const [last, ...rest] = coefficients.toReversed();
    return rest.reduce((sum, coefficient) => this.op('Add', this.op('Mul', sum, x), coefficient), this.number(last));
  }
}

/** Terms of the series of atan: the argument is at most tan(pi / 16) = 0.199, and 0.199^23 / 23 < 4e-18. */
const ATAN_TERMS = 11;

/**
 * Inverse tangent to 5e-16 (relative). |x| > 1 goes through pi/2 - atan(1/|x|); two half-angle steps
 * atan(x) = 2 atan(x / (1 + sqrt(1 + x^2))) bring the argument into reach of the series.
 */
export function atan(writer: OnnxWriter, x: string): string {
  const f = new Doubles(writer);
  const magnitude = f.op('Abs', x);
  const large = f.op('Greater', magnitude, 1);
  const inner = f.op('Where', large, f.op('Reciprocal', magnitude), magnitude);
  const halved = halfTangent(f, halfTangent(f, inner));
  const series = Array.from({ length: ATAN_TERMS }, (_, n) => (n % 2 === 0 ? 1 : -1) / (2 * n + 1));
  const angle = f.op('Mul', f.op('Mul', halved, 4), f.polynomial(f.op('Mul', halved, halved), series));
  return f.op('Mul', f.op('Sign', x), f.op('Where', large, f.op('Sub', Math.PI / 2, angle), angle));
}

/** tan(a / 2) of tan(a) >= 0. */
function halfTangent(f: Doubles, tangent: string): string {
  return f.op('Div', tangent, f.op('Add', f.op('Sqrt', f.op('Add', f.op('Mul', tangent, tangent), 1)), 1));
}

/** Inverse sine to 1e-15: atan(x / sqrt((1 - x)(1 + x))); NaN outside [-1, 1]. */
export function asin(writer: OnnxWriter, x: string): string {
  const f = new Doubles(writer);
  const cosine = f.op('Sqrt', f.op('Mul', f.op('Sub', 1, x), f.op('Add', x, 1)));
  return atan(writer, f.op('Div', x, cosine));
}

/** Inverse cosine to 1e-15: 2 atan(sqrt((1 - x) / (1 + x))); NaN outside [-1, 1]. */
export function acos(writer: OnnxWriter, x: string): string {
  const f = new Doubles(writer);
  return f.op('Mul', atan(writer, f.op('Sqrt', f.op('Div', f.op('Sub', 1, x), f.op('Add', x, 1)))), 2);
}

/** Terms of the Maclaurin series of erf up to |x| = 1: the next is below 1 / (20! 41) = 1e-20. */
const ERF_TERMS = 20;
/** Beyond it erf is 1 in double precision. */
const ERF_END = 6;
/** Degree in t of exp(x^2) erfc(x) on [1, 6], whose error is then below 1e-16. */
const ERFC_DEGREE = 17;

/** t = 2 / (2 + x) makes exp(x^2) erfc(x) nearly linear (as in Numerical Recipes, section 6.2); u is t moved from [1, 6] to [-1, 1]. */
const T = { scale: 2, low: 2 / (2 + ERF_END), high: 2 / 3 } as const;

/**
 * Error function to 2e-15 (relative): its Maclaurin series up to |x| = 1, and above 1 - exp(-x^2) p(u) with a polynomial p
 * that interpolates the continued fraction of exp(x^2) erfc(x) at Chebyshev points.
 */
export function erf(writer: OnnxWriter, x: string): string {
  const f = new Doubles(writer);
  const magnitude = f.op('Min', f.op('Abs', x), ERF_END);
  const square = f.op('Mul', magnitude, magnitude);
  const near = f.op('Mul', magnitude, f.polynomial(f.op('Min', square, 1), erfSeries()));
  const t = f.op('Div', T.scale, f.op('Add', f.op('Max', magnitude, 1), T.scale));
  const u = f.op('Mul', f.op('Sub', t, (T.high + T.low) / 2), 2 / (T.high - T.low));
  const tail = f.op('Mul', f.op('Exp', f.op('Neg', square)), f.polynomial(u, erfcPolynomial()));
  const positive = f.op('Where', f.op('LessOrEqual', magnitude, 1), near, f.op('Sub', 1, tail));
  return f.op('Mul', f.op('Sign', x), positive);
}

/** 2 / sqrt(pi) (-1)^n / (n! (2n + 1)): coefficients of erf(x) / x in x^2. */
function erfSeries(): number[] {
  let factorial = 1;
  return Array.from({ length: ERF_TERMS }, (_, n) => {
    factorial *= Math.max(n, 1);
    return (n % 2 === 0 ? 2 : -2) / Math.sqrt(Math.PI) / (factorial * (2 * n + 1));
  });
}

function erfcPolynomial(): number[] {
  return chebyshevFit((u) => {
    const t = (T.high + T.low) / 2 + ((T.high - T.low) / 2) * u;
    return scaledErfc(T.scale / t - T.scale);
  }, ERFC_DEGREE);
}

/** Coefficients by powers of u of the Chebyshev expansion of g on [-1, 1], cut after a degree. */
function chebyshevFit(g: (u: number) => number, degree: number): number[] {
  const points = Array.from({ length: 2 * degree }, (_, j) => Math.cos((Math.PI * (j + 0.5)) / (2 * degree)));
  const values = points.map(g);
  const result = new Array<number>(degree + 1).fill(0);
  let [before, now] = [[0], [1]];
  for (let k = 0; k <= degree; k++) {
    const sum = values.reduce((total, value, j) => total + value * Math.cos((Math.PI * k * (j + 0.5)) / (2 * degree)), 0);
    const weight = (sum * (k === 0 ? 1 : 2)) / (2 * degree);
    now.forEach((coefficient, power) => (result[power] += weight * coefficient));
    // T_1 = u T_0, T_{k+1} = 2 u T_k - T_{k-1}.
    const factor = k === 0 ? 1 : 2;
    const next = Array.from({ length: k + 2 }, (_, power) => factor * (now[power - 1] ?? 0) - (k === 0 ? 0 : (before[power] ?? 0)));
    [before, now] = [now, next];
  }
  return result;
}

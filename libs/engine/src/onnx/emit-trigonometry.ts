/**
 * Circular and hyperbolic functions in ONNX, and the error function. In float64 the CPU provider has Sin, Cos and Tanh only;
 * the others are composed. Hyperbolic functions are composed in both precisions, by expm1 and log1p, so that nothing cancels
 * near zero.
 */
import type { Emission, EmissionTable, Site } from './emission.ts';
import { expm1, log1p } from './emit-elementwise.ts';
import { acos, asin, atan, erf } from './float64-functions.ts';
import { isDouble, type OnnxWriter } from './writer.ts';

/** The provider's operation in float32, a composition in float64. */
const composedInDouble =
  (op: string, compose: (site: Site) => string): Emission =>
  (site) =>
    isDouble(site.writer, site.inputTypes[0].dtype) ? compose(site) : site.writer.op(op, site.inputs);

const doubleFunction =
  (compose: (writer: OnnxWriter, x: string) => string) =>
  ({ writer, inputs }: Site): string =>
    compose(writer, inputs[0]);

/** A scalar of the node's first input's type. */
const number = ({ writer, inputTypes }: Site, value: number): string => writer.scalar(inputTypes[0].dtype, value);

const on = (site: Site, input: string): Site => ({ ...site, inputs: [input] });

/** sinh(x) = (expm1(x) - expm1(-x)) / 2. */
const sinh = (site: Site): string => {
  const { writer, inputs } = site;
  const mirrored = expm1(on(site, writer.op('Neg', inputs)));
  return writer.op('Mul', [writer.op('Sub', [expm1(site), mirrored]), number(site, 0.5)]);
};

const cosh = (site: Site): string => {
  const { writer, inputs } = site;
  const sum = writer.op('Add', [writer.op('Exp', inputs), writer.op('Exp', [writer.op('Neg', inputs)])]);
  return writer.op('Mul', [sum, number(site, 0.5)]);
};

/** sign(x) log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))), up to |x| = 1e154, where the square overflows. */
const asinh = (site: Site): string => {
  const { writer, inputs } = site;
  const one = number(site, 1);
  const square = writer.op('Mul', [inputs[0], inputs[0]]);
  const root = writer.op('Sqrt', [writer.op('Add', [square, one])]);
  const excess = writer.op('Div', [square, writer.op('Add', [root, one])]);
  const magnitude = log1p(on(site, writer.op('Add', [writer.op('Abs', inputs), excess])));
  return writer.op('Mul', [writer.op('Sign', inputs), magnitude]);
};

/** log1p(t + sqrt(t (t + 2))) with t = x - 1. */
const acosh = (site: Site): string => {
  const { writer, inputs } = site;
  const t = writer.op('Sub', [inputs[0], number(site, 1)]);
  const root = writer.op('Sqrt', [writer.op('Mul', [t, writer.op('Add', [t, number(site, 2)])])]);
  return log1p(on(site, writer.op('Add', [t, root])));
};

/** (log1p(x) - log1p(-x)) / 2, two terms of one sign. */
const atanh = (site: Site): string => {
  const { writer, inputs } = site;
  const mirrored = log1p(on(site, writer.op('Neg', inputs)));
  return writer.op('Mul', [writer.op('Sub', [log1p(site), mirrored]), number(site, 0.5)]);
};

/**
 * The angle of (x, y): atan of the smaller over the larger magnitude, unfolded over the diagonal and into the half plane of
 * x; 0 at the origin.
 */
const atan2: Emission = (site) => {
  const { writer, inputs } = site;
  const [y, x] = inputs;
  const [zero, one] = [number(site, 0), number(site, 1)];
  const [high, wide] = [writer.op('Abs', [y]), writer.op('Abs', [x])];
  const larger = writer.op('Max', [high, wide]);
  const divisor = writer.op('Where', [writer.op('Equal', [larger, zero]), one, larger]);
  const folded = arcTangent(on(site, writer.op('Div', [writer.op('Min', [high, wide]), divisor])));
  const steep = writer.op('Greater', [high, wide]);
  const quarter = writer.op('Where', [steep, writer.op('Sub', [number(site, Math.PI / 2), folded]), folded]);
  const behind = writer.op('Less', [x, zero]);
  const half = writer.op('Where', [behind, writer.op('Sub', [number(site, Math.PI), quarter]), quarter]);
  return writer.op('Where', [writer.op('Less', [y, zero]), writer.op('Neg', [half]), half]);
};

const arcTangent = composedInDouble('Atan', doubleFunction(atan));

const errorFunction = composedInDouble('Erf', doubleFunction(erf));

/** x (1 + erf(x / sqrt 2)) / 2, in the steps of its derivative, which shares them. */
const gelu: Emission = (site) => {
  const { writer, node, inputs } = site;
  const times = (value: string, factor: number): string => writer.op('Mul', [value, writer.scalar(node.dtype, factor)]);
  const probability = times(errorFunction({ ...site, inputs: [times(inputs[0], Math.SQRT1_2)] }), 0.5);
  return writer.op('Mul', [inputs[0], writer.op('Add', [probability, writer.scalar(node.dtype, 0.5)])]);
};

/** Emissions of Tan, Asin, .., Atanh, Atan2, Erf and Gelu. */
export const trigonometryEmissions: EmissionTable = {
  Tan: composedInDouble('Tan', ({ writer, inputs }) => writer.op('Div', [writer.op('Sin', inputs), writer.op('Cos', inputs)])),
  Asin: composedInDouble('Asin', doubleFunction(asin)),
  Acos: composedInDouble('Acos', doubleFunction(acos)),
  Atan: arcTangent,
  Sinh: sinh,
  Cosh: cosh,
  Asinh: asinh,
  Acosh: acosh,
  Atanh: atanh,
  Atan2: atan2,
  Erf: errorFunction,
  Gelu: gelu,
};

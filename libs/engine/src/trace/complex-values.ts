/**
 * Complex values of a trace: pairs of real ones. tfjs shows them as complex64 tensors; the graph holds real values only.
 * Kernels that move or add values act on both parts; a product mixes them; the spectral lowerings take them apart.
 */
import type { Recorder, Value } from './recorder.ts';
import type { Inputs, Lowering } from './lowering/lowering.ts';
import { TraceError } from './trace-error.ts';

/** Kernels that are linear and act on each part alone. */
const PARTWISE: ReadonlySet<string> = new Set(
  'Identity Reshape ExpandDims Transpose Slice StridedSlice Reverse Concat Pack Unpack SplitV Tile GatherV2 Add Sub AddN Neg Sum'.split(
    ' ',
  ),
);

/** Kernels whose lowerings take complex inputs as they are. */
const COMPLEX: ReadonlySet<string> = new Set(['Cast', 'Real', 'Imag', 'ComplexAbs', 'FFT', 'IFFT']);

/** Whether a value has an imaginary part. */
export function isComplex(value: Value): boolean {
  return value.imaginary !== undefined;
}

/** real + i imaginary, of equal shapes. */
export function complexOf(real: Value, imaginary: Value): Value {
  return { ...real, imaginary: imaginary.id };
}

/** A value as a complex one. */
export function toComplex(recorder: Recorder, value: Value): Value {
  return isComplex(value) ? value : complexOf(recorder.cast(value, 'float32'), recorder.constant(0, 'float32', value.shape));
}

/** Both parts of a value; a real one has no imaginary part. */
export function partsOf(value: Value): { readonly real: Value; readonly imaginary: Value | undefined } {
  const { imaginary, ...real } = value;
  return { real, imaginary: imaginary === undefined ? undefined : { ...real, id: imaginary } };
}

/** A kernel call that is to be lowered. */
export interface LoweringCall {
  readonly kernel: string;
  readonly recorder: Recorder;
  readonly inputs: Inputs;
  readonly attributes: object;
}

/** Lowers a kernel that has complex inputs. @throws {TraceError} when it takes real ones only */
export function lowerComplex({ kernel, recorder, inputs, attributes }: LoweringCall, lower: Lowering): Value | readonly Value[] {
  if (COMPLEX.has(kernel)) return lower(recorder, inputs, attributes);
  const parts = Object.entries(inputs).map(([name, value]) => [name, partsOf(value)] as const);
  const [first] = parts;
  if (kernel === 'Multiply') return product(recorder, parts[0][1], parts[1][1]);
  if (!PARTWISE.has(kernel)) throw refusal(kernel, first[1].real);
  const reals = Object.fromEntries(parts.map(([name, { real }]) => [name, real]));
  // Indices of a gather belong to both parts; any other real operand has the imaginary part zero.
  const imaginaries = Object.fromEntries(
    parts.map(([name, { real, imaginary }]) => [
      name,
      imaginary ?? (name === 'indices' ? real : recorder.constant(0, real.dtype, real.shape)),
    ]),
  );
  const [real, imaginary] = [lower(recorder, reals, attributes), lower(recorder, imaginaries, attributes)];
  if (!isList(real) || !isList(imaginary)) return complexOf(real as Value, imaginary as Value);
  return real.map((part, i) => complexOf(part, imaginary[i]));
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}

/** (a + ib)(c + id) = (ac - bd) + i (ad + bc). */
function product(recorder: Recorder, left: ReturnType<typeof partsOf>, right: ReturnType<typeof partsOf>): Value {
  const times = (a: Value | undefined, b: Value | undefined): Value | undefined => a && b && recorder.elementwise('Multiply', a, b);
  const join = (kernel: 'Add' | 'Sub', a: Value | undefined, b: Value | undefined): Value | undefined =>
    a && b ? recorder.elementwise(kernel, a, b) : (a ?? b);
  const real = join('Sub', times(left.real, right.real), times(left.imaginary, right.imaginary));
  const imaginary = join('Add', times(left.real, right.imaginary), times(left.imaginary, right.real));
  return real && imaginary ? complexOf(real, imaginary) : recorder.elementwise('Multiply', left.real, right.real);
}

/** The value, if it is real. @throws {TraceError} for a complex one */
export function requireReal(op: string, value: Value): Value {
  if (isComplex(value)) throw refusal(op, value);
  return value;
}

function refusal(op: string, value: Value): TraceError {
  return new TraceError({
    op,
    shape: value.shape,
    expected: 'real values',
    got: 'a complex value',
    remedy: 'take tf.real and tf.imag, and go on with both',
  });
}

/**
 * How a parameter gets its first value: a rule over (run seed, parameter name), or the values themselves, for models that bring
 * their own. Values are float32, little-endian, in base64, so that a bundle stays one piece of JSON.
 */
import { BundleError } from './errors.ts';

/** The rule for a parameter's first value; draws are keyed by (run seed, 'init', parameter name). */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly standardDeviation: number }
  /** Normal, drawn again wherever it is more than two standard deviations from zero. */
  | { readonly kind: 'truncated-normal'; readonly standardDeviation: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** As a matrix [all axes but the last, last axis]: orthonormal columns, or rows where there are fewer of them, times gain. */
  | { readonly kind: 'orthogonal'; readonly gain: number }
  | { readonly kind: 'values'; readonly base64: string };

/** The initialiser that gives a parameter these values, row-major; equal values become a constant. */
export function storedValues(values: Float32Array): Initializer {
  if (values.length > 0 && values.every((value) => Object.is(value, values[0]))) return { kind: 'constant', value: values[0] };
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return { kind: 'values', base64: bytes.toString('base64') };
}

/** The values that {@link storedValues} wrote. @throws {BundleError} when they are not `size` numbers */
export function readStoredValues(name: string, base64: string, size: number): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 4 * size) throw new BundleError(`initializer of ${name}`, `${4 * size} bytes`, String(bytes.length));
  return Float32Array.from({ length: size }, (_, i) => bytes.readFloatLE(4 * i));
}

/**
 * First values as a person writes them in a module.
 */
import { storedValues, type Initializer } from '@geodesic/engine';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { UserModelError } from '../errors.ts';

/** A word, a constant, a rule, or the values themselves, row-major. */
export type WrittenInitializer =
  | 'zeros'
  | 'ones'
  | 'glorot-uniform'
  | 'he-normal'
  | 'lecun-normal'
  | number
  | { readonly normal: number }
  | { readonly uniform: readonly [low: number, high: number] }
  | { readonly values: ArrayLike<number> };

/**
 * The framework's initialiser for what was written; words in any of the spellings `glorot-uniform` and `glorotUniform`.
 * @throws {UserModelError} for an unknown word, or values of another number than the shape's
 */
export function initializerFrom(written: WrittenInitializer | undefined, shape: Shape, subject: string): Initializer {
  if (written === undefined) return initializerFrom(shape.length >= 2 ? 'glorot-uniform' : 'zeros', shape, subject);
  if (typeof written === 'number') return { kind: 'constant', value: written };
  if (typeof written === 'string') return fromWord(written, shape, subject);
  if ('normal' in written) return { kind: 'normal', standardDeviation: written.normal };
  if ('uniform' in written) return { kind: 'uniform', low: written.uniform[0], high: written.uniform[1] };
  const values = Float32Array.from(written.values);
  if (values.length === sizeOf(shape)) return storedValues(values);
  const remedy = 'give all values in one flat array, row-major';
  throw new UserModelError({ subject, expected: `${sizeOf(shape)} values`, got: String(values.length), remedy });
}

function fromWord(word: string, shape: Shape, subject: string): Initializer {
  // Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998. A filter's window counts to the inputs and the outputs.
  const window = sizeOf(shape.slice(0, -2));
  const inputs = window * (shape.at(-2) ?? 1);
  const outputs = window * (shape.at(-1) ?? 1);
  switch (word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)) {
    case 'zeros':
      return { kind: 'constant', value: 0 };
    case 'ones':
      return { kind: 'constant', value: 1 };
    case 'glorot-uniform': {
      const limit = Math.sqrt(6 / (inputs + outputs));
      return { kind: 'uniform', low: -limit, high: limit };
    }
    case 'he-normal':
      return { kind: 'normal', standardDeviation: Math.sqrt(2 / inputs) };
    case 'lecun-normal':
      return { kind: 'normal', standardDeviation: Math.sqrt(1 / inputs) };
    default: {
      const remedy = 'or write a number, { normal: 0.1 }, { uniform: [-1, 1] } or { values: [...] }';
      throw new UserModelError({ subject, expected: 'zeros, ones, glorot-uniform, he-normal or lecun-normal', got: word, remedy });
    }
  }
}

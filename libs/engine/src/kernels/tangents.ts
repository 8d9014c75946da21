/**
 * Tangent rules that many kernels share: of kernels that are linear in one input, or in each of two.
 */
import type { Expressions } from '../expressions.ts';
import type { Kernel, Linearization } from '../kernel.ts';

/** A kernel's tangent rule. */
export type TangentRule = Kernel['jvp'];

/** Adds the terms that are there; undefined (zero) when none is. Shapes broadcast. */
export function sumOfTerms(x: Expressions, terms: readonly (number | undefined)[]): number | undefined {
  const present = terms.filter((term) => term !== undefined);
  return present.length === 0 ? undefined : present.reduce((sum, term) => x.add(sum, term));
}

/** f(dx, ..rest), for a kernel that is linear in its first input and has no derivative in the others. */
export function linearTangent(kernel: string): TangentRule {
  return (x, { inputs, tangents: [tangent], attributes }: Linearization) =>
    tangent === undefined ? undefined : x.builder.add(kernel, [tangent, ...inputs.slice(1)], attributes);
}

/** f(da, b) + f(a, db), for a kernel that is linear in each of its two inputs. */
export function bilinearTangent(kernel: string): TangentRule {
  return (x, { inputs: [a, b], tangents: [da, db], attributes }: Linearization) =>
    sumOfTerms(x, [
      da === undefined ? undefined : x.builder.add(kernel, [da, b], attributes),
      db === undefined ? undefined : x.builder.add(kernel, [a, db], attributes),
    ]);
}

/** The tangent rule of a kernel that is constant almost everywhere, or whose output is not float. */
export const noTangent: TangentRule = () => undefined;

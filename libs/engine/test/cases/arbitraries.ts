/**
 * Building blocks of random cases: small shapes, shapes that broadcast to them, axes.
 */
import type { Shape } from '@geodesic/tensor';
import fc from 'fast-check';
import type { Attributes } from '@geodesic/engine';
import { float, type CaseGenerator, type CaseInput, type KernelCase } from './kernel-case.ts';

/** A size of an axis, 1 to 4. */
export const size: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 });

/** A shape with a rank in a range. */
export function shapeOf(minLength: number, maxLength: number): fc.Arbitrary<number[]> {
  return fc.array(size, { minLength, maxLength });
}

/** An axis of a shape. */
export function axisOf(shape: Shape): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: shape.length - 1 });
}

/** A shape that broadcasts to the given one: some leading axes dropped, some sizes 1. */
export function broadcastable(shape: Shape): fc.Arbitrary<number[]> {
  return fc
    .tuple(fc.integer({ min: 0, max: shape.length }), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([drop, ones]) => shape.map((n, axis) => (ones[axis] ? 1 : n)).slice(drop));
}

/** Names the inputs and attributes of a random case. */
export function randomCase(kernel: string, inputs: readonly CaseInput[], attributes: Attributes = {}): KernelCase {
  const types = inputs.map(({ shape, dtype }) => `${dtype}[${shape.join(',')}]`).join(' ');
  return { kernel, title: `${types} ${JSON.stringify(attributes)}`, inputs, attributes };
}

/** Random cases of an elementwise kernel: the first input has the full shape, the others broadcast to it. */
export function elementwise(kernel: string, ...inputs: readonly Omit<CaseInput, 'shape'>[]): CaseGenerator {
  const cases = shapeOf(0, 3).chain((full) =>
    fc.tuple(...inputs.map(() => broadcastable(full))).map((shapes) =>
      randomCase(
        kernel,
        inputs.map((input, i) => ({ ...input, shape: i === 0 ? full : shapes[i] })),
      ),
    ),
  );
  return { kernel, cases };
}

/** Random cases of a kernel of one float input, with attributes that depend on its shape. */
export function onShape(
  kernel: string,
  ranks: readonly [number, number],
  options: { readonly attributes?: (shape: Shape) => fc.Arbitrary<Attributes>; readonly kind?: 'spd' | 'lower' | 'distinct' } = {},
): CaseGenerator {
  const { attributes = () => fc.constant({}), kind } = options;
  const cases = shapeOf(...ranks).chain((shape) =>
    attributes(shape).map((chosen) => randomCase(kernel, [float(shape, kind && { kind })], chosen)),
  );
  return { kernel, cases };
}

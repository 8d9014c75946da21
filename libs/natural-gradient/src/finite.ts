/** Whether vectors over theta are finite, and the error that names the parameter where they are not. */
import type { Layout } from '@geodesic/tensor';
import { NonFiniteError, type NonFiniteQuantity } from './errors.ts';
import type { FloatArray } from './rounds.ts';
import { squaredNorm } from './vector.ts';

const largestFloat32 = 3.4028234663852886e38;

/**
 * O(1) where all is well and the square is known.
 * @param square |values|^2 where it is known, before the values were rounded to float32 if they were
 * @throws {NonFiniteError} naming the parameter of the first entry that is not finite
 */
export function requireFinite(
  values: FloatArray,
  { entries }: Layout,
  quantity: NonFiniteQuantity,
  square: number = squaredNorm(values),
): void {
  // Below this no entry can have overflowed, not even float32; above it squares overflow first, so that the entries say.
  if (square < largestFloat32 * largestFloat32) return;
  const position = values.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return;
  const entry = entries.find(({ offset, size }) => position < offset + size) ?? entries[0];
  const { name: subject, offset } = entry;
  throw new NonFiniteError({ quantity, subject, detail: `parameter '${subject}'`, index: position - offset, value: values[position] });
}

/** The check that every operation opens with: an array holds the matrix that its dimensions promise. */
import { ShapeError } from '@geodesic/tensor';

/** @throws {ShapeError} naming the operation and the argument unless the dimensions are counts and `array` has rows x columns entries */
export function requireMatrix(
  operation: string,
  argument: string,
  array: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
): void {
  if (!isCount(rows) || !isCount(columns)) throw new ShapeError(operation, `whole dimensions for ${argument}`, `[${rows}, ${columns}]`);
  if (array.length !== rows * columns)
    throw new ShapeError(operation, `${argument} with ${rows * columns} entries [${rows}, ${columns}]`, `${array.length} entries`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

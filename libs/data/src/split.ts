/**
 * A split hands out examples by position (0 to size - 1) into rows of the caller's arrays; position -1 is a padding row: zeros, with
 * weight 0. B rows, I features.
 */
import { DataError } from './errors.ts';
import type { ExampleTable } from './example-table.ts';

export type SplitName = 'train' | 'validation' | 'test';

/** Where targets are written: classes as integers, quantities as floats. */
export type TargetArray = Int32Array | Float32Array;

/** A part of a data set. */
export interface Split {
  readonly name: SplitName;
  /** Number of examples; 0 for a validation split that was not asked for. */
  readonly size: number;
  /** Index in the whole data set of each of the split's examples, ascending. */
  readonly indices: Int32Array;
  /**
   * Writes the examples at `positions` [B] into x [B, I], y [B] (target) and weight [B] (1, or 0 for padding).
   * @throws {DataError} when an array has the wrong length or a position is outside the split
   */
  fill(positions: Int32Array, x: Float32Array, y: TargetArray, weight: Float32Array): void;
}

/** The examples of a table at these indices. */
export function makeSplit({
  name,
  indices,
  table,
}: {
  readonly name: SplitName;
  readonly indices: Int32Array;
  readonly table: ExampleTable;
}): Split {
  const { labels } = table;
  const features = table.values.length / labels.length;
  const copyRow = rowCopier(table, features);
  return {
    name,
    size: indices.length,
    indices,
    fill(positions, x, y, weight) {
      requireLengths(positions.length, features, { x, y, weight });
      x.fill(0);
      y.fill(0);
      weight.fill(0);
      for (const [row, position] of positions.entries()) {
        if (position === -1) continue;
        const index = indices[position];
        if (index === undefined) {
          throw new DataError(`fill ${name}`, {
            expected: `a position in [0, ${indices.length}) or -1`,
            got: String(position),
            hint: '-1 is padding',
          });
        }
        copyRow(index, x, row * features);
        y[row] = labels[index];
        weight[row] = 1;
      }
    },
  };
}

/** Writes the features of an example; bytes by a table of their 256 quotients, since every step reads every row it needs. */
function rowCopier({ values, divisor }: ExampleTable, features: number): (index: number, x: Float32Array, at: number) => void {
  if (!(values instanceof Uint8Array)) {
    if (divisor === 1) return (index, x, at) => x.set(values.subarray(index * features, (index + 1) * features), at);
    return (index, x, at) => {
      for (let f = 0, from = index * features; f < features; f++) x[at + f] = values[from + f] / divisor;
    };
  }
  const quotients = Float32Array.from({ length: 256 }, (_, byte) => byte / divisor);
  return (index, x, at) => {
    for (let f = 0, from = index * features; f < features; f++) x[at + f] = quotients[values[from + f]];
  };
}

function requireLengths(rows: number, features: number, arrays: Readonly<Record<'x' | 'y' | 'weight', { readonly length: number }>>): void {
  for (const [array, length] of [
    ['x', rows * features],
    ['y', rows],
    ['weight', rows],
  ] as const) {
    const got = arrays[array].length;
    if (got !== length)
      throw new DataError('fill', { expected: `${array} of length ${length}`, got: String(got), hint: `${rows} positions` });
  }
}

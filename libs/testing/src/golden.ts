/**
 * The golden vectors: float64 reference values with their conventions and tolerances, one JSON file a topic.
 * The files in ../golden are copies; their `definitions` fix index order, normalisation and logarithms.
 */
import { readFileSync } from 'node:fs';

/** A number or nested row-major arrays of numbers. */
export type Nested = number | readonly Nested[];

/** One case of a golden file: inputs, expected outputs and tolerances. */
export interface GoldenCase {
  readonly inputs: Readonly<Record<string, Nested & Record<string, Nested>>>;
  readonly outputs: Readonly<Record<string, Nested & Record<string, Nested>>>;
  readonly tol: Readonly<Record<string, number>>;
}

/** A golden file. */
export interface GoldenFile {
  readonly name: string;
  readonly definitions: readonly string[];
  readonly cases: Readonly<Record<string, GoldenCase>>;
}

/** Reads golden/<name>.json. @throws {Error} when there is no such file */
export function loadGolden(name: string): GoldenFile {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8')) as GoldenFile;
}

/** A value that is known to be a matrix, row by row. @throws {TypeError} when it is not */
export function rowsOf(nested: Nested): number[][] {
  if (typeof nested === 'number') throw new TypeError('rowsOf: expected a matrix, got a number');
  return nested.map((row) => {
    if (typeof row === 'number' || row.some((entry) => typeof entry !== 'number')) throw new TypeError('rowsOf: expected rows of numbers');
    return row as number[];
  });
}

/** Flattens nested row-major arrays. */
export function flat(nested: Nested): number[] {
  return typeof nested === 'number' ? [nested] : nested.flatMap(flat);
}

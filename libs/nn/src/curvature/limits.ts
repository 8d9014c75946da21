/** What exact curvature is refused for, naming the layer: asked before anything is traced, and again where it is made. */
import { ModelError } from '../errors.ts';
import type { OutputCurvature, Task } from '../task.ts';

/** Dense blocks of more entries in a row are refused: 64 MiB in float32. */
const MOST_BLOCK_ROWS = 4096;

/** An exact Fisher matrix of more roots is refused: each is a backward pass. */
const MOST_ROOTS = 256;

/** @throws {ModelError} for a layer of too many parameters for a dense block */
export function requireBlockSize(layer: string, size: number): void {
  if (size <= MOST_BLOCK_ROWS) return;
  throw new ModelError(layer, `at most ${MOST_BLOCK_ROWS} parameters for a dense block`, `${size} (take another method for it)`);
}

/** The Hessian whose roots make an exact Fisher matrix. @throws {ModelError} for a layer whose task has none, or too many roots of it */
export function requireRoots(layer: string, { name, curvature }: Pick<Task, 'name' | 'curvature'>): OutputCurvature {
  if (!curvature) throw new ModelError(layer, 'a task whose loss has a known curvature', `${name}, which has none (take sampled)`);
  if (curvature.roots <= MOST_ROOTS) return curvature;
  const expected = `at most ${MOST_ROOTS} roots of the output's curvature for an exact Fisher matrix`;
  throw new ModelError(layer, expected, `${curvature.roots} of task ${name} (take sampled)`);
}

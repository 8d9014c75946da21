/**
 * The state with which a trainer goes on from a checkpoint: the checkpoint's, if it has exactly the arrays of the state before the first
 * step; for a fork whose optimiser begins anew, those of the first state with the checkpoint's count of steps. What the model itself has
 * committed (averages, schedules) always goes on.
 */
import { unfit, type ResumedRun } from './checkpoint-content.ts';

/** Arrays by name. */
type Arrays = ResumedRun['optimizer'];

/** What begins the names of the model's own committed state. */
export const COMMITTED = 'committed/';

/**
 * The state to go on with.
 * @param first the state before the first step
 * @throws {CoordinatorError} CHECKPOINT_UNFIT naming the first array that does not fit
 */
export function resumedState({ step, optimizer: found, freshOptimizer = false, state }: ResumedRun, first: Arrays): Arrays {
  const isTaken = (name: string): boolean => !freshOptimizer || name.startsWith(COMMITTED);
  for (const [name, { length }] of Object.entries(first)) if (isTaken(name)) requireFit(name, length, found[name]?.length);
  for (const [name, { length }] of Object.entries(found)) if (isTaken(name) && !(name in first)) requireFit(name, undefined, length);
  const { length } = first[`${COMMITTED}values`];
  if (state.length !== length) throw unfit(`expected a state of ${length} numbers in state.safetensors, got ${state.length}`);
  if (!freshOptimizer) return found;
  const names = Object.keys(first).filter((name) => name.startsWith(COMMITTED));
  return { ...first, ...Object.fromEntries(names.map((name) => [name, found[name]])), step: Float64Array.of(step) };
}

function requireFit(name: string, expected: number | undefined, got: number | undefined): void {
  if (expected === got) return;
  const found = got === undefined ? 'none' : `${got} numbers`;
  const wanted = expected === undefined ? `no ${name}` : `${name} of ${expected} numbers`;
  const hint = name.startsWith(COMMITTED)
    ? 'the model is another one'
    : 'resume with the spec that wrote the state, or begin the optimiser anew';
  throw unfit(`expected ${wanted} in optimizer.safetensors, got ${found}`, hint);
}

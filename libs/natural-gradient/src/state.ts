/**
 * Optimiser state: one flat tree of named Float64Arrays, so that it can be digested, checkpointed and copied without knowing what
 * is in it. A step never writes into a state that it was given; arrays that did not change are shared between old and new trees,
 * so an owner treats every array as immutable. Keys of a group are `<group>/<key>`.
 */
import { StateError } from './errors.ts';

/** A flat, serialisable tree of float64 arrays; scalars are arrays of length 1. Key `version` holds {@link stateVersion}. */
export type StateTree = Record<string, Float64Array>;

/** Version of the keys and their meaning; a state of another version is refused. */
export const stateVersion = 1;

/** A scalar as a state entry. */
export function scalar(value: number): Float64Array {
  return Float64Array.of(value);
}

/** The entries below `<group>/`, with the prefix taken off. */
export function scopeOf(state: StateTree, group: string): StateTree {
  const prefix = `${group}/`;
  const inside = Object.entries(state).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(inside.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** The entries of a group with their prefix put on. */
export function withScope(state: StateTree, group: string): StateTree {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [`${group}/${key}`, value]));
}

/**
 * Compares a state with the layout of a fresh one.
 * @throws {StateError} for a key that is missing, unknown or of another length, or for another version
 */
export function checkState(state: StateTree, fresh: StateTree): void {
  if (state['version']?.[0] !== stateVersion) throw new StateError('version', `${stateVersion}`, state['version']?.[0]);
  for (const [key, { length }] of Object.entries(fresh)) {
    const entry = state[key];
    if (entry?.length !== length) throw new StateError(key, `an array of length ${length}`, entry ? `length ${entry.length}` : undefined);
  }
  const unknown = Object.keys(state).find((key) => !(key in fresh));
  if (unknown !== undefined) throw new StateError(unknown, 'absent', `length ${state[unknown].length}`);
}

/**
 * Which checkpoints of a run stay. The oldest and the newest always do: from the one everything can be computed again, from the other a
 * run goes on.
 */

/** Rules; a checkpoint stays when any of them keeps it. Without `last`, `every` and `best` all stay. */
export interface RetentionPolicy {
  /** The newest so many. */
  readonly last?: number;
  /** Steps that are multiples of this. */
  readonly every?: number;
  /** The steps that measured best. */
  readonly best?: readonly number[];
  /** Steps that stay whatever the rules say: those that somebody uses. */
  readonly pinned: readonly number[];
}

/** The steps that a policy lets go. @param steps ascending */
export function stepsToRemove(steps: readonly number[], { last, every, best, pinned }: RetentionPolicy): number[] {
  if (last === undefined && every === undefined && best === undefined) return [];
  const kept = new Set([...pinned, ...(best ?? []), ...steps.slice(0, 1), ...steps.slice(-Math.max(1, last ?? 1))]);
  return steps.filter((step) => !kept.has(step) && !(every !== undefined && step % every === 0));
}

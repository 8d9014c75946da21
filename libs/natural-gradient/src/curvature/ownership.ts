/**
 * Who refreshes which layer. Layers are independent of each other, so their inversions can be shared out: A and S of a layer stay
 * together, because pi needs both. Today everything is done by one owner, the coordinator; more owners need another LayerOwners only.
 * The assignment is the longest-processing-time rule (Graham 1969): layers by falling cost, each to the owner with the least so far,
 * at most 4/3 of the best possible largest load.
 */
import { inLockstep } from './lockstep.ts';
import type { Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import type { PlacedLayer } from './placed-layer.ts';

/** What is shared out: the work of inversion, n^3, or the memory of the factors, n^2. */
export type OwnershipCost = 'compute' | 'memory';

/**
 * The owner of each layer. Ties go to the layer first in theta and to the owner first in the list.
 * @param layers in the order of theta
 * @param owners at least one
 */
export function assignOwners(
  layers: readonly Pick<PlacedLayer, 'name' | 'rows' | 'columns'>[],
  owners: readonly string[],
  cost: OwnershipCost,
): ReadonlyMap<string, string> {
  const power = cost === 'compute' ? 3 : 2;
  const costs = layers.map(({ name, rows, columns }) => ({ name, cost: rows ** power + columns ** power }));
  const loads = owners.map(() => 0);
  const assigned = new Map<string, string>();
  // The sort is stable, which keeps ties in the order of theta.
  for (const layer of costs.toSorted((a, b) => b.cost - a.cost)) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += layer.cost;
    assigned.set(layer.name, owners[least]);
  }
  return new Map(layers.map(({ name }) => [name, assigned.get(name) ?? owners[0]]));
}

/** One layer's share of a refresh. */
export interface OwnedWork {
  readonly layer: string;
  readonly run: () => StateTree | Rounds<StateTree>;
}

/** Whoever does the refreshes of layers. */
export interface LayerOwners {
  /** Does all of it and returns the new states in the order of the work. */
  refresh(work: readonly OwnedWork[]): Rounds<StateTree[]>;
}

/** The coordinator does everything, in order; layers that need a round share it. */
export const coordinatorOwnsAll: LayerOwners = {
  refresh: (work) => inLockstep(work.map(({ run }) => run())),
};

/**
 * The curvature doctor's probe: each layer's curvature C_l against the exact block F_ll of the Gauss-Newton matrix, in the one direction
 * that matters, the change v that the step makes: |v'C v - v'F v| / v'F v. It costs a round and decides nothing.
 */
import { RoundFailedError } from './errors.ts';
import { gather, type Group } from './group.ts';
import { NaturalGroup } from './natural-group.ts';
import type { Rounds } from './rounds.ts';
import type { StepOutput } from './search/search.ts';
import { scopeOf } from './state.ts';

/** The step's answer with `probeError` in the rows of layers that have one. */
export function* probed(groups: readonly Group[], output: StepOutput): Rounds<StepOutput> {
  const products = new Map(groups.map((group) => [group.name, layerProducts(group, output)]));
  if ([...products.values()].every(({ size }) => size === 0)) return output;
  const exact = yield* exactProducts(output);
  const layers = output.layers.map((row) => {
    const [approximate, sum] = [products.get(row.group)?.get(row.layer), exact.get(`probe/${row.layer}`)];
    return approximate === undefined || !(sum !== undefined && sum > 0) ? row : { ...row, probeError: Math.abs(approximate - sum) / sum };
  });
  return { ...output, layers };
}

/** v'C_l v by layer; none for a group without layer-wise curvature. */
function layerProducts(group: Group, { state, delta }: StepOutput): ReadonlyMap<string, number> {
  if (!(group instanceof NaturalGroup)) return new Map();
  return group.layerProducts(scopeOf(state, group.name), new Float64Array(gather(delta, group.spans)));
}

/** Means of the columns `probe/<layer>`; none where the round fails. */
function* exactProducts({ delta }: StepOutput): Rounds<ReadonlyMap<string, number>> {
  try {
    const { columns, count } = yield { program: 'probe', vectors: { direction: delta } };
    return new Map([...columns].map(([name, sum]) => [name, sum / count]));
  } catch (error) {
    if (error instanceof RoundFailedError) return new Map();
    throw error;
  }
}

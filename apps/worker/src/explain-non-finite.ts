/**
 * Sums that are not finite, explained: the slot that made them is run again, by the reference interpreter, which names the operation
 * that makes the first NaN or infinity and the layer or parameter that it stands near. Costs one pass over the sums where all is well.
 */
import { allFinite, blockEnd, blockStart, type Contribution } from '@geodesic/cluster';
import { findNonFinite, thetaSlices, type NamedTensors, type PhaseProgram } from '@geodesic/engine';
import type { Layout } from '@geodesic/tensor';
import { ProgramFailure } from './program-failure.ts';

/** Where sums come from, and how they are computed again. */
export interface SumsOrigin {
  readonly step: number;
  /** As it is asked for, e.g. `eval/test`. */
  readonly phase: string;
  readonly program: PhaseProgram;
  /** The layout of theta. */
  readonly parameters: Layout;
  /** The sums of one slot. */
  readonly slot: (slot: number) => Promise<Pick<Contribution, 'scalars' | 'sums'>>;
  /** All that the program may read for a slot, on the host. */
  readonly inputs: (slot: number) => NamedTensors;
}

/**
 * Checks a block's sums. Sums that only this host finds not finite pass: the coordinator refuses them and has others compute them.
 * @throws {ProgramFailure} naming step, phase, slot, operation and layer where the program makes NaN or infinity
 */
export async function requireFiniteSums(contribution: Contribution, origin: SumsOrigin): Promise<void> {
  if (areFinite(contribution)) return;
  const { block } = contribution;
  for (let slot = blockStart(block); slot < blockEnd(block); slot++) {
    if (areFinite(await origin.slot(slot))) continue;
    const explanation = explainNonFinite(origin.program, origin.inputs(slot), origin.parameters);
    if (explanation === undefined) continue;
    const { step, phase } = origin;
    throw new ProgramFailure(`step ${step}, phase ${phase}, slot ${slot}: expected finite sums, got ${explanation}`);
  }
}

/** Whether neither sums nor scalars hold NaN or infinity. */
export function areFinite({ scalars, sums }: Pick<Contribution, 'scalars' | 'sums'>): boolean {
  return allFinite(sums) && allFinite(scalars);
}

/**
 * The operation that makes a phase's outputs NaN or infinite, as a sentence; undefined where the reference finds all of them finite.
 * @param inputs at least the inputs of the phase's graph
 * @param parameters the layout of theta, whose slices name the place in a model without taps
 */
export function explainNonFinite({ graph }: PhaseProgram, inputs: NamedTensors, parameters: Layout): string | undefined {
  const own = Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name]]));
  return findNonFinite(graph, own, { parameters: thetaSlices(graph, parameters) })?.message;
}

/**
 * The sweep: two rounds of successive halving on one seed. Round one gives every configuration of a method the same updates and judges by the
 * training error after them; round two trains the best two to the target and judges by the passes over the data that it took, by which a
 * large batch has no advantage of its own; a censored run counts twice.
 */
import { tune } from '../shared/halving.mjs';
import { jobOf, methods } from './methods.mjs';
import { target } from './task.mjs';

/** Disjoint from the seeds that are reported. */
export const tuningSeeds = [101];

/** Tunes every method. @returns the best configuration of each */
export function sweep({ data, processes, onScore }) {
  const asked = (name, configuration, seed) => ({ data, seed, ...jobOf(name, configuration) });
  const firstRound = (name, configuration, seed) => {
    const { firstUpdates } = methods[name];
    return { ...asked(name, configuration, seed), steps: firstUpdates, readEvery: firstUpdates };
  };
  return tune({
    task: new URL('task.mjs', import.meta.url).href,
    grids: Object.fromEntries(Object.entries(methods).map(([name, { configurations }]) => [name, configurations])),
    processes,
    onScore,
    rounds: [
      { seeds: tuningSeeds, keep: 2, asked: firstRound, score: ([{ reads }]) => reads.at(-1)?.[3] ?? Infinity },
      {
        seeds: tuningSeeds,
        keep: 1,
        asked: (...run) => ({ ...asked(...run), target }),
        score: ([{ passes, reads }]) => passes ?? 2 * (reads.at(-1)?.[1] ?? Infinity),
      },
    ],
  });
}

/**
 * The sweep: two rounds of successive halving. Round one trains every configuration for 400 steps on one seed and judges by the median of the
 * last three validation accuracies; round two trains the best two, each with a constant rate and with a cosine, on two other seeds until the
 * validation target, and judges by the sum of steps, a censored run counting as twice the cap.
 */
import { tune } from '../shared/halving.mjs';
import { median } from '../shared/statistics.mjs';
import { methods } from './methods.mjs';
import { stepCap } from './task.mjs';

/** Disjoint from the seeds that are reported. */
export const tuningSeeds = [[101], [102, 103]];
const firstSteps = 400;

/** Tunes every method. @returns the best configuration of each */
export function sweep({ data, processes, onScore }) {
  const message = (method, configuration, seed) => ({ data, groups: methods[method].groups(configuration), seed, tuning: true });
  return tune({
    task: new URL('task.mjs', import.meta.url).href,
    grids: Object.fromEntries(Object.entries(methods).map(([name, { configurations }]) => [name, configurations])),
    processes,
    onScore,
    rounds: [
      {
        seeds: tuningSeeds[0],
        keep: (method) => methods[method].keep,
        asked: (...run) => ({ ...message(...run), stopAfter: firstSteps }),
        score: ([{ accuracies, failed }]) => (failed ? 1 : 1 - median(accuracies.slice(-3))),
      },
      {
        seeds: tuningSeeds[1],
        keep: 1,
        vary: (method, configuration) => methods[method].endings.map((ending) => ({ ...configuration, ...ending })),
        asked: message,
        score: (results) => results.reduce((sum, { steps }) => sum + (steps ?? 2 * stepCap), 0),
      },
    ],
  });
}

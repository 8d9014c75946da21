/**
 * Seconds an epoch: every method trains for itself, and they take turns, a cycle of 50 steps each, in which all that is due seldom (factors
 * every 10 steps, inverses every 50) counts by its share. Step times do not depend on how many images there are, so each run has a few.
 */
import { runInProcess } from '../shared/in-process-run.mjs';
import { Turns } from '../shared/turns.mjs';
import { batch, specOf, trainingImages } from './task.mjs';

const cycle = 50;
const stepsPerEpoch = Math.ceil(trainingImages / batch);

/** @returns {Promise<Record<string, number[]>>} seconds an epoch of each method, a reading for each round */
export async function epochSeconds({ data, groupsByMethod, rounds }) {
  const turns = new Turns(Object.keys(groupsByMethod).length);
  const time = async (groups) => {
    const readings = [];
    let spent = 0;
    const onRound = async ({ step, absorbed, seconds }) => {
      spent += seconds;
      if (!absorbed.update || step % cycle !== 0) return 'go on';
      // The first cycle warms up, and everyone waits for everyone.
      if (step > cycle) readings.push((spent / cycle) * stepsPerEpoch);
      if (readings.length === rounds) return 'stop';
      await turns.next();
      spent = 0;
      return 'go on';
    };
    await runInProcess({ spec: specOf({ data, groups, seed: 1, limit: cycle * batch }), onRound });
    turns.leave();
    return readings;
  };
  const entries = await Promise.all(Object.entries(groupsByMethod).map(async ([name, groups]) => [name, await time(groups)]));
  return Object.fromEntries(entries);
}

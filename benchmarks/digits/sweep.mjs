/**
 * The sweep: every method on its grid and the tuning seeds, on two processes. The best configuration has the fewest steps to the target,
 * summed over the seeds; a censored run counts as twice the cap, and the earlier of equals in the grid is taken.
 */
import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { methods } from './methods.mjs';
import { stepCap } from './task.mjs';

/** Disjoint from the seeds that are reported. */
export const tuningSeeds = [101, 102, 103];
const processes = 2;
const runProcess = fileURLToPath(new URL('../shared/run-process.mjs', import.meta.url));
const task = new URL('task.mjs', import.meta.url).href;

/** Tunes every method; `onScore` is told of each configuration. @returns the best configuration of each */
export async function sweep({ onScore }) {
  const jobs = Object.entries(methods).flatMap(([name, { groups, configurations }]) =>
    configurations.map((configuration) => ({ name, configuration, groups: groups(configuration) })),
  );
  const scores = Object.fromEntries(Object.keys(methods).map((name) => [name, []]));
  let next = 0;
  const serve = async () => {
    const child = fork(runProcess, [task], { stdio: 'inherit' });
    const answers = on(child, 'message', { close: ['exit'] });
    for (let job = jobs[next++]; job; job = jobs[next++]) {
      const { name, configuration, groups } = job;
      const steps = [];
      for (const seed of tuningSeeds) {
        child.send({ groups, seed, until: 'target' });
        const { value, done } = await answers.next();
        if (done) throw new Error(`sweep: expected the result of a run (${name}), got the end of its process (its error is above)`);
        steps.push(value[0].steps);
      }
      const score = { configuration, steps, total: steps.reduce((sum, count) => sum + (count ?? 2 * stepCap), 0) };
      scores[name][methods[name].configurations.indexOf(configuration)] = score;
      onScore(name, score);
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, serve));
  return Object.fromEntries(
    Object.entries(scores).map(([name, list]) => [
      name,
      list.reduce((best, score) => (score.total < best.total ? score : best)).configuration,
    ]),
  );
}

/**
 * Tuning of methods on equal terms, on two processes: each configuration on all tuning seeds, each run to the target. The best one has the
 * fewest steps, summed over the seeds; a run that does not get there counts as twice its method's cap. A race, to save time: a run ends
 * where its configuration can no longer be the best of its method, or is a quarter behind the best so far on the same seed. Equals: the
 * earlier in the grid.
 */
import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';

const processes = 2;
/** A run this many times as long as the best configuration's is given up. */
const patience = 1.25;
const runProcess = fileURLToPath(new URL('run-process.mjs', import.meta.url));

/**
 * Tunes every method. `methods` are {name: {configurations, job, stepCap}}, `job(configuration)` what the module `task` is to train; its
 * function `train({...job, seed, limit})` answers {steps}, null where the target was not reached within `limit` steps, and
 * `left`, what the metric was then. `onScore` is told of each configuration.
 * @returns {Promise<Record<string, object>>} the best configuration of each method
 */
export async function racedSweep({ methods, task, seeds, onScore }) {
  const jobs = Object.entries(methods).flatMap(([name, { configurations }]) =>
    configurations.map((configuration, place) => ({ name, configuration, place })),
  );
  const best = Object.fromEntries(
    Object.keys(methods).map((name) => [name, { total: Infinity, left: Infinity, place: Infinity, runs: [] }]),
  );
  let next = 0;
  const serve = async () => {
    const child = fork(runProcess, [task], { stdio: 'inherit' });
    const answers = on(child, 'message', { close: ['exit'] });
    const train = async (asked) => {
      child.send(asked);
      const { value, done } = await answers.next();
      if (done) throw new Error('sweep: expected the result of a run, got the end of its process (its error is above)');
      return value[0];
    };
    for (let job = jobs[next++]; job; job = jobs[next++]) {
      const { name, configuration, place } = job;
      const score = await scoreOf({ method: methods[name], configuration, seeds, train, best: () => best[name] });
      if (isBetter({ ...score, place }, best[name])) best[name] = { ...score, place };
      onScore(name, { configuration, ...score });
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, serve));
  return Object.fromEntries(Object.entries(best).map(([name, { place }]) => [name, methods[name].configurations[place]]));
}

/** The configuration on seed after seed, as long as it can still be the best. */
async function scoreOf({ method: { job, stepCap }, configuration, seeds, train, best }) {
  const runs = [];
  let [total, left] = [0, 0];
  for (const [place, seed] of seeds.entries()) {
    const rival = best();
    const pace = patience * (Number(rival.runs[place]) || Infinity);
    const limit = Math.min(stepCap, rival.total - total, Math.ceil(pace));
    const run = limit > 0 ? await train({ ...job(configuration), seed, limit }) : { steps: null, left: Infinity };
    total += run.steps ?? 2 * stepCap;
    if (run.steps === null) left += run.left;
    runs.push(run.steps ?? `> ${Math.max(0, limit)}`);
  }
  return { runs, total, left };
}

/** Fewer steps; of censored runs a smaller metric at their end; then the grid's order. */
function isBetter(a, b) {
  if (a.total !== b.total) return a.total < b.total;
  if (a.left !== b.left) return a.left < b.left;
  return a.place < b.place;
}

/**
 * Tuning by successive halving: in each round every method's remaining configurations are trained on the round's seeds, each run in a process
 * that serves others after it, and the best go on. A lower score is better; the earlier of equals in the grid is taken.
 */
import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';

const runProcess = fileURLToPath(new URL('run-process.mjs', import.meta.url));

/**
 * @param {object} options
 * @param {string} options.task URL of the module with `train`
 * @param {Record<string, object[]>} options.grids configurations by method
 * @param {{seeds: number[], keep: number | ((method: string) => number), vary?: Function, asked: Function, score: Function}[]} options.rounds
 *   `vary(method, configuration)` lists what stands for it in this round; `asked(method, configuration, seed)` is the message to `train`;
 *   `score(results)` judges a configuration by the results of its seeds
 * @param {(round: number, method: string, judged: {configuration: object, score: number}) => void} options.onScore
 * @returns {Promise<Record<string, object>>} the best configuration of each method
 */
export async function tune({ task, grids, rounds, processes = 2, onScore }) {
  let remaining = grids;
  for (const [index, round] of rounds.entries()) {
    const { seeds, keep, vary = (_, configuration) => [configuration], asked, score } = round;
    const varied = Object.entries(remaining).flatMap(([method, list]) =>
      list.flatMap((configuration) => vary(method, configuration)).map((configuration) => ({ method, configuration })),
    );
    const jobs = varied.map(({ method, configuration }) => ({
      method,
      configuration,
      messages: seeds.map((seed) => asked(method, configuration, seed)),
    }));
    const answers = await trainAll({ task, lists: jobs.map(({ messages }) => messages), processes }, (job, results) => {
      const { method, configuration } = jobs[job];
      onScore(index + 1, method, { configuration, score: score(results) });
    });
    const judged = jobs.map((job, i) => ({ ...job, score: score(answers[i]) }));
    remaining = Object.fromEntries(
      Object.keys(remaining).map((method) => {
        const ranked = judged.filter((job) => job.method === method).sort((a, b) => a.score - b.score);
        return [method, ranked.slice(0, typeof keep === 'function' ? keep(method) : keep).map(({ configuration }) => configuration)];
      }),
    );
  }
  return Object.fromEntries(Object.entries(remaining).map(([method, [best]]) => [method, best]));
}

/** Trains lists of messages on as many processes as asked; `onList` is told of each list that is done. @returns the results in order */
export async function trainAll({ task, lists, processes = 2 }, onList = () => undefined) {
  const results = [];
  let next = 0;
  const serve = async () => {
    const child = fork(runProcess, [task], { stdio: 'inherit' });
    const answers = on(child, 'message', { close: ['exit'] });
    const answer = async () => {
      const { value, done } = await answers.next();
      if (done) throw new Error('tune: expected the result of a run, got the end of its process (its error is above)');
      return value[0];
    };
    for (let list = next++; list < lists.length; list = next++) {
      results[list] = [];
      for (const message of lists[list]) {
        child.send(message);
        results[list].push(await answer());
      }
      onList(list, results[list]);
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: Math.min(processes, lists.length) }, serve));
  return results;
}

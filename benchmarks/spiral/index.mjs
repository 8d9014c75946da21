/**
 * Steps to a training loss of 0.05 on the spiral, plain and ill-scaled (see task.mjs): what invariance is worth. `quick` reports the recorded
 * best configurations; `full` tunes every method on each problem first, on seeds disjoint from those reported. Methods take turns within
 * each seed, one run at a time.
 */
import { racedSweep } from '../shared/raced-sweep.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { methods } from './methods.mjs';
import { recorded } from './recorded.mjs';
import { problems, target, train } from './task.mjs';

const seeds = [1, 2, 3];
/** Disjoint from the seeds that are reported. */
const tuningSeeds = [101, 102, 103];
const ours = 'K-FAC';
/** Least ratio of a method's steps to ours, on the ill-scaled problem. */
const goals = { 'SGD momentum': 10, Adam: 2 };

/** Runs the benchmark; prints JSON lines and a table for each problem. */
export async function run({ profile }) {
  for (const problem of Object.keys(problems)) {
    const best = profile === 'full' ? await tuned(problem) : recorded[problem];
    const runs = Object.fromEntries(Object.keys(methods[problem]).map((name) => [name, []]));
    for (const seed of seeds)
      for (const [name, { job }] of Object.entries(methods[problem])) runs[name].push(await train({ ...job(best[name]), problem, seed }));
    const rows = Object.entries(runs).map(([name, list]) => ({
      name,
      steps: list.map(({ steps }) => steps ?? Infinity),
      passes: list.map(({ passes }) => passes ?? Infinity),
      seconds: list.map(({ seconds }) => seconds ?? Infinity),
    }));
    const own = rows.find(({ name }) => name === ours);
    for (const row of rows) line(row, { own, problem, profile, configuration: best[row.name] });
    table(problem, rows);
  }
}

function tuned(problem) {
  const ofProblem = Object.fromEntries(
    Object.entries(methods[problem]).map(([name, { job, ...method }]) => [
      name,
      { ...method, job: (configuration) => ({ ...job(configuration), problem }) },
    ]),
  );
  const onScore = (name, { configuration, runs }) =>
    console.error(`${problem.padEnd(10)} ${name.padEnd(12)} ${JSON.stringify(configuration)} ${runs.join(', ')}`);
  return racedSweep({ methods: ofProblem, task: new URL('task.mjs', import.meta.url).href, seeds: tuningSeeds, onScore });
}

function line(row, { own, problem, profile, configuration }) {
  const isOwn = row === own;
  // A censored peer took at least as many steps as its cap.
  const { stepCap, configurations } = methods[problem][row.name];
  const taken = Math.min(median(row.steps), stepCap);
  printResult({
    benchmark: 'spiral',
    case: `${problem}, ${isOwn ? ours : `${ours} against ${row.name}`}`,
    unit: 'steps',
    ours: finite(median(own.steps)),
    peer: isOwn ? null : finite(median(row.steps)),
    peerName: isOwn ? null : `${row.name}, ours`,
    ratio: isOwn ? null : significant(taken / median(own.steps)),
    goal: problem === 'ill-scaled' ? (goals[row.name] ?? null) : null,
    seed: seeds,
    ...(isOwn && { reason: 'the method that the others are compared with' }),
    steps: row.steps.map(finite),
    passes: row.passes.map((value) => significant(value)),
    seconds: row.seconds.map((value) => significant(value)),
    censored: row.steps.filter((count) => count === Infinity).length,
    stepCap,
    target,
    configuration,
    configurationsTried: configurations.length,
    tuningSeeds,
    profile,
  });
}

function table(problem, rows) {
  console.log(`\n| ${problem} | steps to ${target} | passes | seconds |\n| --- | --- | --- | --- |`);
  for (const { name, steps, passes, seconds } of rows)
    console.log(`| ${name} | ${told(steps, 0)} | ${told(passes, 0)} | ${told(seconds, 2)} |`);
}

function told(values, digits) {
  const text = (value) => (value === Infinity ? 'censored' : value.toFixed(digits));
  return Math.min(...values) === Infinity ? 'censored' : `${text(median(values))} (${range(values).map(text).join(' to ')})`;
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

/**
 * B4: steps to 88.0 % on the test set of Fashion-MNIST by a small CNN (task.mjs), and seconds an epoch, for K-FAC and EK-FAC against SOAP,
 * Muon and Adam, all ours. `quick` reports the recorded best configurations on one seed (about 2 minutes); `full` tunes every method first, on held-out
 * training images and other seeds.
 */
import { trainAll } from '../shared/halving.mjs';
import { idxData } from '../shared/idx-data.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { methods } from './methods.mjs';
import { recorded } from './recorded.mjs';
import { sweep, tuningSeeds } from './sweep.mjs';
import { batch, readEvery, stepCap, targets, trainingImages } from './task.mjs';
import { epochSeconds } from './timing.mjs';

const profiles = { quick: { seeds: [1], rounds: 3 }, full: { seeds: [1, 2, 3, 4, 5], rounds: 7 } };
const peerName = 'Adam';
const goals = { steps: 0.7, seconds: 1.2 };
const task = new URL('task.mjs', import.meta.url).href;

/** Runs the benchmark; prints one JSON line for each method, and a table. */
export async function run({ profile, data: folder }) {
  const { data, reason } = idxData('fashion-mnist', folder);
  if (!data) return printResult({ benchmark: 'B4', case: 'all', unit: 'steps', ours: null, reason, profile });
  const best = profile === 'full' ? await sweep({ data, onScore: tell }) : recorded;
  return report({ data, best, profile, ...profiles[profile] });
}

/** Trains and times the best configurations: steps on every seed, two runs at a time; then seconds an epoch, one at a time. */
export async function report({ data, best, profile, seeds, rounds }) {
  const groupsByMethod = Object.fromEntries(Object.entries(methods).map(([name, { groups }]) => [name, groups(best[name])]));
  const names = Object.keys(methods);
  const lists = names.map((name) => seeds.map((seed) => ({ data, groups: groupsByMethod[name], seed })));
  const runs = await trainAll({ task, lists });
  const seconds = await epochSeconds({ data, groupsByMethod, rounds });
  const rows = names.map((name, i) => ({
    name,
    steps: runs[i].map((result) => result.steps ?? Infinity),
    finalAccuracies: runs[i].map(({ accuracies }) => accuracies.at(-1) ?? null),
    failures: runs[i].flatMap(({ failed }) => failed ?? []),
    epochSeconds: seconds[name],
    timeRatios: seconds[name].map((value, round) => value / seconds[peerName][round]),
  }));
  for (const row of rows) line(row, { rows, seeds, profile, configuration: best[row.name] });
  table(rows);
}

/** Progress of the sweep goes to stderr: stdout is for results. */
function tell(round, method, { configuration, score }) {
  console.error(`round ${round} ${method.padEnd(14)} ${JSON.stringify(configuration)} ${significant(score)}`);
}

function line(row, { rows, seeds, profile, configuration }) {
  const peer = rows.find(({ name }) => name === peerName);
  const soap = rows.find(({ name }) => name === 'SOAP');
  const steps = median(row.steps);
  const isNatural = row.name.includes('K-FAC');
  const stepRatio = row === peer ? null : significant(steps / median(peer.steps));
  const timeRatio = row === peer ? null : significant(median(row.timeRatios));
  const met = stepRatio !== null && stepRatio <= goals.steps && steps <= median(soap.steps) && timeRatio <= goals.seconds;
  printResult({
    benchmark: 'B4',
    case: row.name,
    unit: 'steps',
    ours: significant(steps),
    peer: row === peer ? null : significant(median(peer.steps)),
    peerName: row === peer ? null : `${peerName}, ours`,
    ratio: stepRatio,
    goal: isNatural ? goals.steps : null,
    met: isNatural ? met : null,
    seed: seeds,
    ...(row === peer && { reason: 'the method that the others are compared with' }),
    steps: row.steps.map((value) => significant(value)),
    epochs: significant((steps * batch) / trainingImages),
    censored: row.steps.filter((value) => value === Infinity).length,
    finalAccuracies: row.finalAccuracies.map((value) => significant(value)),
    epochSeconds: significant(median(row.epochSeconds)),
    timeRatio,
    timeRatioRange: row === peer ? null : range(row.timeRatios).map((value) => significant(value)),
    timeGoal: isNatural ? goals.seconds : null,
    ...(row.failures.length > 0 && { failures: row.failures }),
    target: targets.test,
    readEvery,
    stepCap,
    configuration,
    configurationsTried: methods[row.name].configurations.length,
    tuningSeeds,
    profile,
  });
}

function table(rows) {
  const told = (values, digits) => {
    const text = (value) => (value === Infinity ? 'censored' : value.toFixed(digits));
    return `${text(median(values))} (${range(values).map(text).join(' to ')})`;
  };
  console.log(`\n| method | steps to ${targets.test} | epochs | seconds an epoch | of Adam's |\n| --- | --- | --- | --- | --- |`);
  for (const { name, steps, epochSeconds: seconds, timeRatios } of rows) {
    const epochs = ((median(steps) * batch) / trainingImages).toFixed(2);
    console.log(`| ${name} | ${told(steps, 0)} | ${epochs} | ${told(seconds, 2)} | ${told(timeRatios, 2)} |`);
  }
}

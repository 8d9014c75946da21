/**
 * Learning on the digits: steps and seconds to a fixed validation accuracy, for four methods on the same NDM model (see task.mjs).
 * `quick` reports the recorded best configurations; `full` tunes every method first, on seeds disjoint from those reported.
 * Methods take turns within each seed, one run at a time, so that their seconds can be compared.
 */
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { methods } from './methods.mjs';
import { recorded } from './recorded.mjs';
import { sweep, tuningSeeds } from './sweep.mjs';
import { stepCap, target, train } from './task.mjs';

const seeds = { quick: [1, 2, 3], full: [1, 2, 3, 4, 5] };
const peerName = 'Adam';

/** Runs the benchmark; prints one JSON line for each method, and a table. */
export async function run({ profile }) {
  const best = profile === 'full' ? await sweep({ onScore: tell }) : recorded;
  const runs = Object.fromEntries(Object.keys(methods).map((name) => [name, []]));
  for (const seed of seeds[profile])
    for (const [name, { groups }] of Object.entries(methods))
      runs[name].push(await train({ groups: groups(best[name]), seed, until: 'end' }));
  const rows = Object.entries(runs).map(([name, list]) => summarise(name, list));
  const peer = rows.find(({ name }) => name === peerName);
  for (const row of rows) line(row, { peer, profile, configuration: best[row.name] });
  table(rows);
}

/** Progress of the sweep goes to stderr: stdout is for results. */
function tell(name, { configuration, steps }) {
  console.error(`${name.padEnd(14)} ${JSON.stringify(configuration)} ${steps.map((count) => count ?? 'censored').join(' ')}`);
}

/** Medians over the seeds; a censored run is later than all others. */
function summarise(name, list) {
  const of = (key) => list.map((result) => result[key] ?? Infinity);
  return {
    name,
    steps: of('steps'),
    seconds: of('seconds'),
    stepMs: of('stepMs'),
    testAccuracy: list.flatMap(({ testAccuracy }) => testAccuracy ?? []),
    failures: list.flatMap(({ failed }) => failed ?? []),
  };
}

function line(row, { peer, profile, configuration }) {
  const ratio = row === peer ? null : significant(median(peer.steps) / median(row.steps));
  printResult({
    benchmark: 'digits',
    case: row.name,
    unit: 'steps',
    ours: finite(median(row.steps)),
    peer: row === peer ? null : finite(median(peer.steps)),
    peerName: row === peer ? null : `${peerName}, ours`,
    ratio,
    seed: seeds[profile],
    ...(row === peer && { reason: 'the method that the others are compared with' }),
    steps: row.steps.map(finite),
    seconds: row.seconds.map((value) => significant(value)),
    stepMs: significant(median(row.stepMs)),
    testAccuracy: row.testAccuracy.map((value) => significant(value)),
    censored: row.steps.filter((count) => count === Infinity).length,
    ...(row.failures.length > 0 && { failures: row.failures }),
    target: target.accuracy,
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
  console.log(`\n| method | steps to ${target.accuracy} | seconds | ms a step | test accuracy |\n| --- | --- | --- | --- | --- |`);
  for (const { name, steps, seconds, stepMs, testAccuracy } of rows) {
    const test = testAccuracy.length > 0 ? told(testAccuracy, 4) : 'diverged';
    console.log(`| ${name} | ${told(steps, 0)} | ${told(seconds, 2)} | ${median(stepMs).toFixed(0)} | ${test} |`);
  }
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

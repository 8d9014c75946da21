/**
 * B3: updates, passes and seconds to a fixed training error of a deep autoencoder (task.mjs), for K-FAC with the quadratic search against
 * SGD with momentum, SOAP and Adam, all ours. All methods train in one process and take turns of a few steps, so that their seconds can be
 * compared. `quick` reports the recorded best configurations of two methods on one seed; `full` tunes every method first, on another seed.
 */
import { idxData } from '../shared/idx-data.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { Turns } from '../shared/turns.mjs';
import { jobOf, methods } from './methods.mjs';
import { recorded } from './recorded.mjs';
import { sweep, tuningSeeds } from './sweep.mjs';
import { images, target, train } from './task.mjs';

const peerName = 'SGD momentum';
const profiles = { quick: { seeds: [1], names: ['K-FAC', peerName] }, full: { seeds: [1, 2, 3], names: Object.keys(methods) } };
/** How many times fewer: than SGD in updates and seconds, than SOAP in updates. */
const goals = { updates: 10, seconds: 3.8, updatesOfSoap: 1.5 };

/** Runs the benchmark; prints one JSON line for each method, and a table. */
export async function run({ profile, data: folder }) {
  const { data, reason } = idxData('mnist', folder);
  if (!data) return printResult({ benchmark: 'B3', case: 'all', unit: 'updates', ours: null, reason, profile });
  const best = profile === 'full' ? await sweep({ data, onScore: tell }) : recorded;
  return report({ data, best, profile, ...profiles[profile] });
}

/** Trains the best configurations on every seed, all methods in turn. */
export async function report({ data, best, profile, seeds, names }) {
  const runs = Object.fromEntries(names.map((name) => [name, []]));
  for (const seed of seeds) {
    const turns = new Turns(names.length);
    const trained = names.map((name) => train({ data, seed, target, turns, ...jobOf(name, best[name]) }));
    for (const [i, result] of (await Promise.all(trained)).entries()) runs[names[i]].push(result);
  }
  const rows = names.map((name) => summarise(name, runs[name]));
  for (const row of rows) line(row, { rows, seeds, profile, configuration: best[row.name] });
  table(rows);
}

/** Progress of the sweep goes to stderr: stdout is for results. */
function tell(round, method, { configuration, score }) {
  console.error(`round ${round} ${method.padEnd(22)} ${JSON.stringify(configuration)} ${significant(score)}`);
}

/** What the seeds say; a censored run is later than all others. */
function summarise(name, results) {
  const of = (key) => results.map((result) => result[key] ?? Infinity);
  return {
    name,
    updates: of('updates'),
    passes: of('passes'),
    seconds: of('seconds'),
    updateMs: results.map(({ reads }) => (1000 * reads.at(-1)?.[2]) / reads.at(-1)?.[0]),
    finalErrors: results.map(({ reads }) => reads.at(-1)?.[3] ?? null),
    rejected: results.reduce((sum, { rejected }) => sum + rejected, 0),
    failures: results.flatMap(({ failed }) => failed ?? []),
  };
}

function line(row, { rows, seeds, profile, configuration }) {
  const named = (name) => rows.find((other) => other.name === name);
  // A censored peer is infinitely later.
  const times = (peer, key) => (peer && peer !== row ? median(peer[key]) / median(row[key]) : null);
  const [peer, soap] = [named(peerName), named('SOAP')];
  const isKfac = row.name === 'K-FAC';
  const timesFewer = { updates: times(peer, 'updates'), seconds: times(peer, 'seconds'), updatesOfSoap: times(soap, 'updates') };
  // Of the goals whose peer has run.
  const met = isKfac ? Object.entries(goals).every(([key, goal]) => timesFewer[key] === null || timesFewer[key] >= goal) : null;
  printResult({
    benchmark: 'B3',
    case: row.name,
    unit: 'updates',
    ours: significant(median(row.updates)),
    peer: row === peer ? null : significant(median(peer.updates)),
    peerName: row === peer ? null : `${peerName}, ours`,
    ratio: told(timesFewer.updates),
    goal: isKfac ? goals.updates : null,
    met,
    seed: seeds,
    ...(row === peer && { reason: 'the method that the others are compared with' }),
    updates: row.updates.map((value) => significant(value)),
    passes: row.passes.map((value) => significant(value)),
    seconds: row.seconds.map((value) => significant(value)),
    updateMs: significant(median(row.updateMs)),
    finalErrors: row.finalErrors.map((value) => significant(value)),
    censored: row.updates.filter((value) => value === Infinity).length,
    ...(isKfac && { timesFewer: Object.fromEntries(Object.entries(timesFewer).map(([key, value]) => [key, told(value)])), goals }),
    rejected: row.rejected,
    ...(row.failures.length > 0 && { failures: row.failures }),
    target,
    images,
    configuration,
    configurationsTried: methods[row.name].configurations.length,
    tuningSeeds,
    profile,
  });
}

/** A ratio for JSON: null where there is none, `Infinity` where the peer is censored. */
function told(value) {
  return value === Infinity ? 'Infinity' : value === null ? null : significant(value);
}

function table(rows) {
  const cell = (values, digits) => {
    const text = (value) => (value === Infinity ? 'censored' : value.toFixed(digits));
    return `${text(median(values))} (${range(values).map(text).join(' to ')})`;
  };
  console.log(`\n| method | updates to ${target} | passes | seconds | ms an update |\n| --- | --- | --- | --- | --- |`);
  for (const { name, updates, passes, seconds, updateMs } of rows)
    console.log(`| ${name} | ${cell(updates, 0)} | ${cell(passes, 1)} | ${cell(seconds, 1)} | ${median(updateMs).toFixed(0)} |`);
}

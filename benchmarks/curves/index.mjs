/**
 * B1: steps, passes, seconds and bytes of an autoencoder of curves to two fixed errors (see task.mjs). `quick` reports the recorded best
 * configurations of the methods at full batch, no run longer than a cap; `full` tunes every method first, on seeds disjoint from those
 * reported, and reports mini-batches too. Methods take turns within each seed, one run at a time, so that their seconds can be compared.
 */
import { printResult } from '../shared/result-line.mjs';
import { racedSweep } from '../shared/raced-sweep.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { runOnCluster } from './cluster.mjs';
import { methods } from './methods.mjs';
import { openPyTorchCurves } from './pytorch.mjs';
import { recorded } from './recorded.mjs';
import { firstSteps, targets, train } from './task.mjs';

const seeds = [1, 2, 3];
/** Disjoint from the seeds that are reported. */
const tuningSeeds = [101, 102];
/** Steps of a run in `quick`, at most. */
const quickCap = 250;
const goals = { steps: 150, megabytes: 70 };
/** Where what is sent counts: factors every 10 steps, int8. */
const onCluster = 'K-FAC, factors every 10, int8';
/** PyTorch's rows: whose configuration they have. */
const outside = ['Adam', 'Nesterov SGD'];
const peers = ['SOAP', 'Adam'];
const last = targets.at(-1);

/** Runs the benchmark; prints JSON lines and two tables. */
export async function run({ profile, python }) {
  const isFull = profile === 'full';
  const best = isFull
    ? await racedSweep({ methods, task: new URL('task.mjs', import.meta.url).href, seeds: tuningSeeds, onScore: tell })
    : recorded;
  const names = Object.keys(methods).filter((name) => isFull || !name.includes('batch'));
  const pytorch = await openPyTorchCurves({ python });
  const runs = new Map(names.map((name) => [name, []]));
  if ('version' in pytorch) for (const name of outside) runs.set(`PyTorch's ${name}`, []);
  for (const seed of seeds) {
    for (const name of names) {
      const { job, stepCap } = methods[name];
      const limit = isFull ? stepCap : Math.min(stepCap, quickCap);
      const asked = { ...job(best[name]), seed, limit };
      const own = await train(asked);
      runs.get(name).push(own);
      if ('version' in pytorch && outside.includes(name)) runs.get(`PyTorch's ${name}`).push(await trainOutside(pytorch, asked, own));
    }
  }
  const rows = [...runs].map(([name, list]) => summarise(name, list));
  for (const row of rows) methodLine(row, rows, { profile, configuration: best[row.name], version: pytorch.version });
  if ('version' in pytorch) await pytorch.close();
  else console.error(pytorch.reason);
  methodTable(rows);
  await reportCluster(best, rows, profile);
}

/** Progress of the sweep goes to stderr: stdout is for results. */
function tell(name, { configuration, runs }) {
  console.error(`${name.padEnd(24)} ${JSON.stringify(configuration)} ${runs.join(', ')}`);
}

/**
 * The same configuration in PyTorch, the L2 term in the gradient. Adam once more with it beside the step, as ours has it: that run must
 * agree with ours, whose result is `own`.
 */
async function trainOutside(pytorch, { optimizer, seed, steps, limit }, own) {
  const [method] = optimizer.groups;
  const asked = { method, steps, limit, shown: firstSteps };
  const result = await pytorch.train(seed, { ...asked, l2: 'inside' });
  const reached = Object.fromEntries(
    targets.map((target) => {
      const { steps: count = null, seconds = null } = result.reached[target] ?? {};
      return [target, { steps: count, seconds, passes: count }];
    }),
  );
  // SGD differs by definition: PyTorch's rate stands outside the momentum, ours inside.
  if (method.method !== 'adam') return { ...result, reached };
  const same = await pytorch.train(seed, { ...asked, l2: 'beside' });
  const difference = Math.max(...own.firstErrors.map((error, i) => Math.abs(same.errors[i] - error) / error));
  const stepsOf = Object.fromEntries(targets.map((target) => [target, [own.reached[target].steps, same.reached[target]?.steps ?? null]]));
  return { ...result, reached, agreement: { difference, steps: stepsOf } };
}

/** Per target the readings over the seeds; a censored one is later than all others. */
function summarise(name, list) {
  const of = (target, key) => list.map(({ reached }) => reached[target][key] ?? Infinity);
  return {
    name,
    ...Object.fromEntries(
      targets.map((target) => [target, { steps: of(target, 'steps'), passes: of(target, 'passes'), seconds: of(target, 'seconds') }]),
    ),
    left: list.map(({ left }) => left ?? Infinity),
    stepMs: list.map(({ stepMs }) => stepMs),
    agreement: list.flatMap(({ agreement }) => agreement ?? []),
  };
}

function methodLine(row, rows, { profile, configuration, version }) {
  const isOurs = methods[row.name]?.isOurs === true;
  const rival = rows
    .filter(({ name }) => peers.some((peer) => name.startsWith(peer)))
    .sort((a, b) => median(a[last].seconds) - median(b[last].seconds))[0];
  printResult({
    benchmark: 'B1',
    case: row.name,
    unit: 'steps',
    ours: finite(median(row[last].steps)),
    peer: isOurs ? finite(median(rival[last].steps)) : null,
    peerName: isOurs ? `${rival.name}, ours` : null,
    ratio: isOurs ? significant(median(rival[last].steps) / median(row[last].steps)) : null,
    seed: seeds,
    ...(!isOurs && { reason: 'a method that ours are compared with' }),
    ...(isOurs && { goal: `<= ${goals.steps} steps on every seed, fewer seconds than our ${peers.join(' and ')}` }),
    ...(isOurs && { met: Math.max(...row[last].steps) <= goals.steps && median(row[last].seconds) < median(rival[last].seconds) }),
    ...Object.fromEntries(
      targets.map((target) => [
        `to ${target}`,
        {
          steps: row[target].steps.map(finite),
          passes: row[target].passes.map((n) => significant(n)),
          seconds: row[target].seconds.map((n) => significant(n)),
        },
      ]),
    ),
    left: row.left.map((value) => significant(value)),
    stepMs: significant(median(row.stepMs)),
    censored: row[last].steps.filter((count) => count === Infinity).length,
    ...(row.name.startsWith('PyTorch') && { version }),
    ...(row.agreement.length > 0 && { agreement: agreementOf(row.agreement) }),
    ...(configuration && { configuration, configurationsTried: methods[row.name].configurations.length, tuningSeeds }),
    profile,
  });
}

/** PyTorch's run of the same arithmetic against ours: the largest relative difference of the first errors, and [ours, PyTorch's] steps. */
function agreementOf(list) {
  return {
    firstSteps,
    difference: significant(Math.max(...list.map(({ difference }) => difference)), 2),
    steps: list.map(({ steps }) => steps),
  };
}

function methodTable(rows) {
  console.log(
    `\n| method | steps to ${targets.join(' | steps to ')} | passes | seconds | ms a step |\n|${' --- |'.repeat(targets.length + 4)}`,
  );
  for (const row of rows) {
    const steps = targets.map((target) => told(row[target].steps, 0));
    console.log(
      `| ${row.name} | ${steps.join(' | ')} | ${told(row[last].passes, 0)} | ${told(row[last].seconds, 1)} | ${median(row.stepMs).toFixed(0)} |`,
    );
  }
}

/** Seed 1 on 1, 2 and 4 workers, and on 4 of which one is killed on the way. */
async function reportCluster(best, rows, profile) {
  const steps = rows.find(({ name }) => name === onCluster)[last].steps[0];
  if (steps === Infinity) throw new Error(`cluster: expected ${onCluster} to reach ${last} on seed ${seeds[0]}, got a censored run`);
  const { optimizer } = methods[onCluster].job(best[onCluster]);
  const shapes = [{ workers: 1 }, { workers: 2 }, { workers: 4 }, { workers: 4, killAt: Math.floor(steps / 2) }];
  const results = [];
  for (const shape of shapes) results.push(await runOnCluster({ optimizer, seed: seeds[0], steps, ...shape }));
  const digests = new Set(results.map(({ paramsDigest }) => paramsDigest));
  console.log(`\n| workers | steps to ${last} | MB per worker | digest |\n| --- | --- | --- | --- |`);
  for (const [i, result] of results.entries()) {
    const { workers, stepsToTarget, megabytesPerWorker, paramsDigest, kills } = result;
    const isMeasured = workers === 4 && kills === 0;
    const isSame = digests.size === 1 && stepsToTarget === steps;
    printResult({
      benchmark: 'B1',
      case: `${workers} ${workers === 1 ? 'worker' : 'workers'}${kills > 0 ? `, one killed at step ${shapes[i].killAt}` : ''}`,
      unit: 'MB per worker',
      ours: significant(megabytesPerWorker),
      reason: 'no peer: exact numbers of our own runs',
      goal: isMeasured ? goals.megabytes : null,
      met: isSame && (!isMeasured || megabytesPerWorker <= goals.megabytes),
      seed: seeds[0],
      steps: stepsToTarget,
      paramsDigest,
      profile,
    });
    console.log(
      `| ${workers}${kills > 0 ? ', one killed' : ''} | ${stepsToTarget} | ${megabytesPerWorker.toFixed(1)} | ${paramsDigest.slice(7, 19)} |`,
    );
  }
}

function told(values, digits) {
  const text = (value) => (value === Infinity ? 'censored' : value.toFixed(digits));
  return Math.min(...values) === Infinity ? 'censored' : `${text(median(values))} (${range(values).map(text).join(' to ')})`;
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

/**
 * One of four workers is killed at a fraction of a step, again and again, each in its turn; another process takes its name. What a kill
 * costs is told twice: by the step that it hit, and by all steps until the worker is back, both over as many undisturbed ones.
 */
import { loadavg } from 'node:os';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { trainUnderFaults } from './cluster.mjs';
import { percentile } from './percentile.mjs';

const workers = 4;
const fractions = [0.1, 0.3, 0.5, 0.7, 0.9];
/** Undisturbed steps between two kills, of which the last few say how long a step is. */
const [period, calm] = [9, 5];
const warmup = 10;
const spec = { name: 's6-worker', slots: 64, parameters: 100_000, slotMs: 25, leaseMs: 3000, heartbeatMs: 1000, journal: true };
const seconds = 0.3;

/** Prints the line. */
export async function measureWorkerKills({ kills, runs, profile }) {
  const hits = [];
  let typical = spec.slots * (spec.slotMs / workers);
  let previousCommit = 0;
  const lengths = [];
  const onEvent = ({ type, data: { step } }, cluster) => {
    if (type !== 'step.committed') return;
    const now = Date.now();
    lengths.push(now - previousCommit);
    previousCommit = now;
    if (step < warmup || (step - warmup) % period !== 0 || hits.length === kills) return;
    if (hits.length === 0) lengths.splice(0, lengths.length - 5);
    typical = median(lengths.slice(-calm));
    const fraction = fractions[hits.length % fractions.length];
    const victim = `worker-${(hits.length % workers) + 1}`;
    const hit = { step: step + 1, fraction, ms: undefined };
    hits.push(hit);
    setTimeout(() => {
      hit.ms = Date.now();
      cluster.workers.find(({ name }) => name === victim)?.kill('SIGKILL');
    }, fraction * typical);
  };
  const events = await trainUnderFaults({ spec: { ...spec, steps: warmup + kills * period }, workers, runs, onEvent });
  const commits = new Map(events.filter(({ type }) => type === 'step.committed').map(({ data, ms }) => [data.step, ms]));
  const told = hits.map((hit) => costOf(hit, { commits, events }));
  report({ told, profile });
}

function costOf({ step, fraction, ms }, { commits, events }) {
  const length = (k) => commits.get(k) - commits.get(k - 1);
  // The calm steps just before the kill: what the machine does otherwise is in both.
  const stepMs = median(Array.from({ length: calm }, (_, i) => length(step - 1 - i)));
  const lost = events.find((event) => event.type === 'worker.lost' && event.ms >= ms - 1);
  const joined = events.find((event) => event.type === 'worker.joined' && event.ms > ms);
  let last = step;
  while (commits.get(last) < joined.ms) last++;
  last++; // the first whole step with all of them
  return {
    fraction,
    stepMs,
    hitMs: length(step) - stepMs,
    wholeMs: commits.get(last) - commits.get(step - 1) - (last - step + 1) * stepMs,
    noticedMs: lost.ms - ms,
    backMs: joined.ms - ms,
  };
}

function report({ told, profile }) {
  const stepMs = median(told.map((each) => each.stepMs));
  const of = (key) => told.map((each) => each[key]);
  const rounded = (values) => values.map((value) => significant(value, 3));
  const summary = (values) => ({ p50: significant(percentile(values, 50), 3), p95: significant(percentile(values, 95), 3) });
  const goal = stepMs + seconds * 1000;
  const lost = of('wholeMs');
  printResult({
    benchmark: 'S6',
    case: 'worker killed',
    unit: 'ms lost',
    ours: significant(percentile(lost, 95)),
    oursRange: rounded(range(lost)),
    peer: significant(stepMs),
    peerName: 'a step of the same run without a kill',
    ratio: significant(percentile(lost, 95) / stepMs, 3),
    goal: significant(goal),
    met: percentile(lost, 95) <= goal,
    seed: 1,
    lost: summary(lost),
    lostInTheStepHit: summary(of('hitMs')),
    noticedAfter: summary(of('noticedMs')),
    backAfter: summary(of('backMs')),
    byFraction: Object.fromEntries(
      fractions.map((fraction) => [
        fraction,
        significant(median(told.filter((each) => each.fraction === fraction).map((each) => each.wholeMs)), 3),
      ]),
    ),
    kills: told.length,
    workers,
    loadAverage: significant(loadavg()[0], 3),
    profile,
  });
}

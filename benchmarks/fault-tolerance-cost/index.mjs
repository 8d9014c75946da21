/**
 * S7: what fault tolerance costs when nothing fails. One run with commit log, journal, leases and digests, in turn with the same run without
 * them (variants.mjs): real coordinator parts, real worker processes, gRPC on loopback, the same slots. A reading is a turn's time per step.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { digestCost } from './digest-cost.mjs';
import { startVariant } from './host.mjs';

/** `on` takes at most so many times as long as `off`, at 50 and 300 ms. */
const goal = 1.03;
const workers = 2;
const profiles = {
  quick: { turns: 5, turnMs: 1000, largeTurns: 3, isLeftOut: ({ slotMs, parameters }) => parameters === large && slotMs < 300 },
  full: { turns: 9, turnMs: 1500, largeTurns: 5, isLeftOut: () => false },
};
const [small, medium, large] = [10_000, 2_500_000, 25_000_000];
const journals = {
  on: {},
  // 100 MB a round: where steps take less than 2 s that is beyond 50 MB/s, and the second round turns it off until the next checkpoint.
  full: { maxBytes: 0 },
  unbounded: { maxBytes: Infinity, maxRate: Infinity },
};
const cases = [
  ...[5, 50, 300].map((slotMs) => ({ slotMs, parameters: small, journal: 'on' })),
  { slotMs: 300, parameters: medium, journal: 'on' },
  ...[5, 50, 300].map((slotMs) => ({ slotMs, parameters: large, journal: 'full' })),
  { slotMs: 300, parameters: large, journal: 'unbounded' },
];

/** Runs the benchmark and prints one line for each case. */
export async function run({ profile }) {
  process.env.GEODESIC_SLOT_PROGRAM_MODULE = fileURLToPath(new URL('../shared/controlled-run/slot-program.mjs', import.meta.url));
  const runs = await mkdtemp(join(tmpdir(), 'geodesic-bench-'));
  try {
    for (const each of cases) if (!profiles[profile].isLeftOut(each)) await measure({ ...each, runs, profile });
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

async function measure({ slotMs, parameters, journal, runs, profile }) {
  const { turnMs, ...counts } = profiles[profile];
  const turns = parameters === large ? counts.largeTurns : counts.turns;
  // What a step takes beside its slots, very roughly: only the length of turns depends on it.
  const steps = Math.max(2, Math.round(turnMs / (slotMs + 8 + parameters / 50_000)));
  const work = { name: 's7', steps: turns * steps + 3, slots: workers, parameters, slotMs };
  const variants = {
    off: await startVariant({ work, workers, runs }),
    on: await startVariant({ budget: journals[journal], work, workers, runs }),
  };
  const readings = { off: [], on: [] };
  for (const name of ['off', 'on']) await variants[name].gate.turn(2);
  for (let turn = 0; turn < turns; turn++)
    for (const name of turn % 2 === 0 ? ['on', 'off'] : ['off', 'on']) {
      const { gate, committed } = variants[name];
      const chainBefore = committed.chainMs ?? 0;
      const cpuBefore = process.cpuUsage();
      const times = await gate.turn(steps);
      const { user, system } = process.cpuUsage(cpuBefore);
      const chainMs = ((committed.chainMs ?? 0) - chainBefore) / steps;
      readings[name].push({ times, chainMs, cpuMs: (user + system) / 1000 / steps - chainMs });
    }
  await Promise.all(Object.values(variants).map((variant) => variant.end()));
  report({ slotMs, parameters, journal, journalled: variants.on.journalled, readings, steps, profile });
}

function report({ slotMs, parameters, journal, journalled, readings, steps, profile }) {
  const perTurn = (name) => readings[name].map(({ times, chainMs }) => mean(times) - chainMs);
  const allSteps = (name) => readings[name].flatMap(({ times, chainMs }) => times.map((ms) => ms - chainMs));
  const [on, off] = [perTurn('on'), perTurn('off')];
  const cpuOf = (name) => significant(median(readings[name].map(({ cpuMs }) => cpuMs)), 3);
  const ratio = median(on) / median(off);
  const counts = slotMs >= 50 && journal !== 'unbounded';
  printResult({
    benchmark: 'S7',
    case: `${slotMs} ms of work, ${parameters.toLocaleString('en')} parameters, journal ${journal}`,
    unit: 'ms/step',
    ours: significant(median(on)),
    oursRange: range(on).map((ms) => significant(ms)),
    peer: significant(median(off)),
    peerName: 'the same run without log, journal, leases and digests',
    peerRange: range(off).map((ms) => significant(ms)),
    ratio: significant(ratio),
    ratioRange: range(on.map((ms, turn) => ms / off[turn])).map((value) => significant(value)),
    ratioOfStepMedians: significant(median(allSteps('on')) / median(allSteps('off'))),
    goal: counts ? goal : null,
    met: counts ? ratio <= goal : null,
    seed: 1,
    journal: { megabytesAStep: significant(parameters * 4e-6, 3), roundsKept: journalled.rounds, off: journalled.off ?? null },
    processorTime: { ours: cpuOf('on'), peer: cpuOf('off') },
    digests: digestCost(parameters),
    chainMsTakenOutOfPeer: significant(median(readings.off.map(({ chainMs }) => chainMs)), 3),
    workers,
    turns: on.length,
    stepsATurn: steps,
    loadAverage: significant(loadavg()[0], 3),
    profile,
  });
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

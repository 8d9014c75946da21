/**
 * The coordinator is killed in the middle of the last step before a checkpoint, again and again; `geo run` starts it again, and it takes its
 * run up: with the journal by its own arithmetic, without it by having workers compute all steps since the last checkpoint.
 */
import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { trainUnderFaults } from './cluster.mjs';
import { percentile } from './percentile.mjs';

const workers = 2;
/** Steps between two checkpoints. */
const every = 40;
const spec = {
  name: 's6-coordinator',
  slots: 8,
  parameters: 1_000_000,
  slotMs: 25,
  checkpointEvery: every,
  leaseMs: 3000,
  heartbeatMs: 1000,
};
const calm = 10;
const seconds = 2;

/** Prints the line. */
export async function measureCoordinatorKills({ kills, journal, runs, profile }) {
  const hits = [];
  const onEvent = ({ type, data: { step } }, cluster, { directory }) => {
    if (type !== 'step.committed' || step % every !== every - 1 || hits.length === kills) return;
    if (hits.some((hit) => hit.step === step)) return;
    const hit = { step, ms: undefined, readMs: undefined };
    hits.push(hit);
    setTimeout(
      () => {
        hit.ms = Date.now();
        cluster.coordinator.kill('SIGKILL');
        hit.reading = readOnce(directory, step - (every - 1));
      },
      (spec.slots / workers) * (spec.slotMs / 2),
    );
  };
  const events = await trainUnderFaults({ spec: { ...spec, journal, steps: every * kills + 3 + calm }, workers, runs, onEvent });
  const commits = new Map(events.filter(({ type }) => type === 'step.committed').map(({ data, ms }) => [data.step, ms]));
  const told = [];
  for (const hit of hits) told.push({ ...costOf(hit, { commits, events }), readMs: await hit.reading });
  const off = events.filter(({ type }) => type === 'journal.off').length;
  report({ told, journal, off, profile });
}

/** ms to read what a recovery reads: the checkpoint and the journal after it. */
async function readOnce(directory, step) {
  const number = String(step).padStart(6, '0');
  const started = performance.now();
  const folders = [join(directory, 'checkpoints', `step-${number}`), join(directory, 'journal')];
  for (const folder of folders)
    for (const name of await readdir(folder).catch(() => []))
      if (!name.endsWith('.journal') || name.includes(number)) await readFile(join(folder, name)).catch(() => undefined);
  return performance.now() - started;
}

function costOf({ step, ms }, { commits, events }) {
  const length = (k) => commits.get(k) - commits.get(k - 1);
  // Undisturbed steps on both sides: what the machine does otherwise changes within the many steps of a recovery.
  const stepMs = median(Array.from({ length: calm }, (_, i) => [length(step - i), length(step + 4 + i)]).flat());
  const after = (type) => events.find((event) => event.type === type && event.ms > ms);
  const [resumed, recovered] = [after('run.resumed'), after('run.recovered')];
  return {
    stepMs,
    lostMs: length(step + 1) - stepMs,
    resumedMs: resumed.ms - ms,
    recoveredMs: recovered.ms - ms,
    ...recovered.data,
  };
}

function report({ told, journal, off, profile }) {
  const of = (key) => told.map((each) => each[key]);
  const stepMs = median(of('stepMs'));
  const read = median(of('readMs'));
  const lost = of('lostMs');
  const goal = seconds * 1000 + read + (journal ? 0 : (every - 1) * stepMs);
  printResult({
    benchmark: 'S6',
    case: `coordinator killed, journal ${journal ? 'on' : 'off'}`,
    unit: 'ms lost',
    ours: significant(median(lost)),
    oursRange: range(lost).map((ms) => significant(ms)),
    peer: significant(stepMs),
    peerName: 'a step of the same run without a kill',
    ratio: significant(median(lost) / stepMs, 3),
    goal: significant(goal),
    met: percentile(lost, 95) <= goal,
    seed: 1,
    lost: { p50: significant(percentile(lost, 50)), p95: significant(percentile(lost, 95)) },
    reads: significant(read, 3),
    resumedAfter: significant(median(of('resumedMs'))),
    recoveredAfter: significant(median(of('recoveredMs'))),
    stepsSinceTheCheckpoint: every - 1,
    roundsFromTheJournal: of('replayed'),
    roundsComputedAgain: of('recomputed'),
    ...(journal && { journalOff: off }),
    kills: told.length,
    workers,
    loadAverage: significant(loadavg()[0], 3),
    profile,
  });
}

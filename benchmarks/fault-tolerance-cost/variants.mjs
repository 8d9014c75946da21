/**
 * The same run with and without what makes it survive: the coordinator's own parts put together as it puts them together, and in the variant
 * `off` null parts in the places of commit log, journal, leases and digests. Neither writes checkpoints. Steps are taken in turns.
 */
import { performance } from 'node:perf_hooks';
import { HostedRun } from '../../apps/coordinator/dist/hosted-run.js';
import { RunEvents } from '../../apps/coordinator/dist/run-events.js';
import { RunReporter } from '../../apps/coordinator/dist/run-reporter.js';
import { RunStorage } from '../../apps/coordinator/dist/run-storage.js';
import { CommittedParameters, initialChain, LOG_FORMAT, nextChain, updateCrcs } from '../../libs/cluster/dist/index.js';
import { CommitLog, createRunFolder, Journal } from '../../libs/run-store/dist/index.js';
import { silentLogger } from '../../libs/telemetry/dist/index.js';
import { controlledBundle, createTrainer } from '../shared/controlled-run/trainer.mjs';
import { addUpdate, noChecksum } from '../shared/controlled-run/slot-program.mjs';
import { StepGate } from './step-gate.mjs';

const logger = silentLogger();
/** Of a run spec that says nothing else. */
const leases = { leaseMs: 3000, heartbeatMs: 1000 };
/** So long that none ends and none is renewed within a run. */
const noLeases = { leaseMs: 1e7, heartbeatMs: 1e6 };
const noLog = {
  term: 1,
  confirm: async () => undefined,
  append: async () => undefined,
  abandon: () => undefined,
  close: async () => undefined,
};

/**
 * A run of a variant, before its first turn: {run, gate, journalled, committed}.
 * @param options.budget of the journal, for `on`; absent: `off`
 */
export async function openVariant({ budget, work, runs, traffic }) {
  const isOn = budget !== undefined;
  const spec = { ...work, ...(isOn ? leases : noLeases), journal: isOn, checksums: isOn };
  const bundle = controlledBundle(spec);
  const { trainer, meta } = await createTrainer(bundle);
  const folder = await createRunFolder({ runs, name: isOn ? 'on' : 'off', spec, bundle, now: new Date() });
  const storage = new RunStorage(folder.runId, logger);
  const gate = new StepGate();
  const events = await RunEvents.open(folder.file('events.ndjson'), fail);
  const journalled = { rounds: 0, off: undefined };
  const common = { folder, storage, trainer, meta, bundle, events, logger, leader: 'benchmark', checkpoints: gate };
  const parts = {
    ...common,
    reporter: await RunReporter.open({ folder, meta, events, traffic, onError: fail }),
    log: isOn ? await CommitLog.create(folder, { guard: storage.guard }) : noLog,
    journal: isOn ? await openJournal(folder, { gate, journalled, budget }) : undefined,
    committed: isOn ? new CommittedParameters(trainer) : new UncheckedParameters(trainer),
    start: { step: 0, checkpoints: [], usesJournal: true },
    past: { mayRebase: false },
  };
  if (isOn) await parts.log.append(firstRecord(parts));
  return { run: new HostedRun(parts), gate, journalled, committed: parts.committed };
}

/** Its clock stands still while the other run has its turn: a rate is that of a run that is alone. */
async function openJournal(folder, { gate, journalled, budget }) {
  const journal = await Journal.open(folder, { ...budget, step: 0, now: () => gate.ownTime, onOff: (reason) => (journalled.off = reason) });
  return {
    append(record) {
      journal.append(record);
      if (journal.isOn) journalled.rounds++;
    },
    take: async () => undefined,
    close: () => journal.close(),
  };
}

function firstRecord({ folder, meta, committed }) {
  const { specDigest, seed, engine } = meta;
  const { chain, checksum } = committed.position;
  const what = { format: LOG_FORMAT, run: folder.runId, specDigest, bundleDigest: specDigest, seed, engine };
  return { type: 'run', ...what, chain, checksum };
}

/** Parameters whose result nobody checks. Workers insist on the chain: it is made, and its time is kept apart. */
class UncheckedParameters {
  chainMs = 0;
  previous = new Float32Array(0);
  #chain;
  #version = 0;

  constructor({ parameters, state }) {
    this.parameters = parameters;
    this.state = state;
    this.#chain = initialChain(parameters, state);
  }

  get position() {
    return { version: this.#version, chain: this.#chain, checksum: noChecksum };
  }

  snapshot() {
    const { parameters, state, previous } = this;
    return { version: this.#version, chain: this.#chain, parameters, state, previous };
  }

  advance({ delta, state }) {
    const previousChain = this.#chain;
    const version = ++this.#version;
    const crcs = updateCrcs(delta, state); // the transport's own, which it need not make again
    const started = performance.now();
    this.#chain = nextChain(previousChain, version, crcs);
    this.chainMs += performance.now() - started;
    addUpdate(this.parameters, delta);
    this.state.set(state);
    return { version, previousChain, chain: this.#chain, delta, state, crcs };
  }
}

function fail(error) {
  throw error;
}

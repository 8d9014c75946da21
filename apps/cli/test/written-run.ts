/**
 * A run folder as a coordinator leaves it, made in this process: the run machine, the commit log, the checkpoints and one worker's code,
 * without sockets. For tests of what reads run folders.
 */
import { writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { CheckpointStore, paramsDigest } from '@geodesic/checkpoint';
import { CommittedParameters, LOG_FORMAT, RunMachine, type RunMachineAction, type RunMachineEvent } from '@geodesic/cluster';
import { committedFiles, createTrainer } from '@geodesic/coordinator/trainer';
import { CommitLog, createRunFolder, type RunFolder } from '@geodesic/run-store';
import { RoundComputer } from '../src/recompute/round-computer.ts';

/** Options of {@link writeRun}. */
export interface WrittenRunOptions {
  /** The folder of run folders; exists. */
  readonly runs: string;
  readonly bundle: Uint8Array;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Slots that every round leaves out, in a relaxed run; default none. */
  readonly dropped?: readonly number[];
  /** Told of everything that the run machine wants done. */
  readonly onAction?: (action: RunMachineAction) => void;
}

/** Trains a bundle to its end and leaves its folder. */
export async function writeRun({ runs, bundle, checkpointEvery, dropped = [], onAction }: WrittenRunOptions): Promise<RunFolder> {
  const { trainer, meta } = await createTrainer(bundle);
  const computer = await RoundComputer.open(bundle);
  const committed = new CommittedParameters(trainer, { usesPrevious: meta.usesPrevious === true });
  const { parametersLayout: layout, specDigest, seed, engine } = meta;
  const folder = await createRunFolder({ runs, name: meta.name, spec: meta.spec, bundle, now: new Date(0) });
  const store = new CheckpointStore(folder.checkpoints);
  const log = await CommitLog.create(folder);
  const digest = (): string => paramsDigest(layout, committed.parameters);
  const save = async (step: number): Promise<void> => {
    const facts = { run: folder.runId, step, ...committed.position, paramsDigest: digest() };
    await store.write(step, { files: { ...committedFiles(committed, layout), ...trainer.checkpoint?.() }, facts });
  };

  await save(0);
  computer.load(committed.snapshot());
  const { chain, checksum } = committed.position;
  const bundleDigest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
  const facts = { specDigest, bundleDigest, chain, checksum, seed, engine, exactness: meta.exactness };
  await log.append({ type: 'run', format: LOG_FORMAT, run: folder.runId, ...facts });
  const { fingerprint: solve } = trainer;
  await log.append({ type: 'fingerprint', fingerprint: computer.fingerprint, ...(solve && { solve }) });

  const machine = new RunMachine({ run: folder.runId, trainer, committed });
  const events: RunMachineEvent[] = [{ type: 'start' }];
  const carryOut = async (action: RunMachineAction): Promise<void> => {
    onAction?.(action);
    if (action.type === 'publish') computer.apply(action.update, action.combination);
    if (action.type === 'advanced' && action.step % checkpointEvery === 0) await save(action.step);
    if (action.type === 'append') {
      await log.append(action.entry);
      events.push({ type: 'appended' });
    }
    if (action.type !== 'begin-round') return;
    const slots = Array.from({ length: action.round.slots }, (_, slot) => slot).filter((slot) => !dropped.includes(slot));
    const coverage = slots.map((index) => ({ block: { level: 0, index }, worker: 'worker-1', incarnation: 'a' }));
    events.push({ type: 'round-complete', total: await computer.total({ ...action, dropped }), coverage, dropped });
  };
  for (let event = events.shift(); event; event = events.shift()) for (const action of machine.handle(event)) await carryOut(action);

  const { step } = machine;
  await save(step);
  const state = 'completed';
  const { version } = committed.position;
  await log.append({ type: 'finished', state, step, version, chain: committed.position.chain, paramsDigest: digest() });
  await log.close();
  const told = { sequence: 1, type: 'step.committed', at: '', data: { step } };
  await writeFile(folder.file('events.ndjson'), `${JSON.stringify(told)}\n`);
  await writeFile(folder.file('events.behind'), '{"cluster":"main","stored":0}\n'); // NATS was away: no reader minds
  await writeFile(folder.file('result.json'), JSON.stringify({ state, steps: step, paramsDigest: digest() }));
  return folder;
}

/**
 * Makes committed steps of a run again in this process, from a checkpoint before them, and compares every commit with the log. The core is
 * that of a coordinator which comes back: a run machine that is behind its log.
 */
import {
  CommittedParameters,
  commitsAfter,
  LogMismatchError,
  rootBlock,
  RunMachine,
  type Fingerprint,
  type FingerprintEntry,
  type LogView,
  type RunMachineAction,
  type RunMachineEvent,
} from '@geodesic/cluster';
import type { GoodCheckpoint } from '@geodesic/checkpoint';
import { createTrainer, resumedRun } from '@geodesic/coordinator/trainer';
import { readNumber, readText } from '../view/event-fields.ts';
import { RoundComputer, type RoundToCompute } from './round-computer.ts';

/** Options of {@link recomputeSteps}. */
export interface RecomputeOptions {
  readonly run: string;
  /** As it was submitted. */
  readonly bundle: Uint8Array;
  readonly view: LogView;
  /** Before the first of the steps. */
  readonly start: GoodCheckpoint;
  /** The last step that is made. */
  readonly last: number;
  /** The numeric fingerprint that must be this machine's; absent: any machine may try. */
  readonly fingerprint?: FingerprintEntry;
  /** Told of every step that came out as the log says. */
  readonly onStep?: (step: number) => void;
}

/** What came of it. */
export interface Recomputed {
  /** The step of the checkpoint. */
  readonly from: number;
  /** Commits that came out as the log says: steps and rejected attempts. */
  readonly commits: number;
  /** What came out otherwise, where it stopped. */
  readonly fault?: string;
}

/** Makes steps again. @throws {FingerprintMismatch}, and what is wrong with the bundle or its data on this host */
export async function recomputeSteps({ run, bundle, view, start, last, fingerprint, onStep }: RecomputeOptions): Promise<Recomputed> {
  const { step, checkpoint } = start;
  const { trainer, meta } = await createTrainer(bundle, { step, files: checkpoint.files });
  const computer = await RoundComputer.open(bundle);
  if (fingerprint) requireFingerprint(fingerprint, { compute: computer.fingerprint, solve: trainer.fingerprint });
  const { previous } = resumedRun(checkpoint.files, { step, layout: meta.parametersLayout });
  const { facts } = checkpoint.manifest;
  const at = { version: readNumber(facts, 'version'), chain: readText(facts, 'chain'), previous };
  const committed = new CommittedParameters(trainer, { usesPrevious: meta.usesPrevious === true, start: at });
  const after = commitsAfter(view, { step, version: at.version });
  const ahead = after.slice(0, after.findLastIndex((commit) => commit.type === 'step' && commit.step <= last) + 1);
  computer.load(committed.snapshot());
  const machine = new RunMachine({ run, trainer, committed, step, ahead });
  try {
    await drive(machine, { computer, onStep });
    return { from: step, commits: ahead.length };
  } catch (error) {
    const commits = ahead.length - machine.ahead - (error instanceof LogMismatchError ? 1 : 0);
    return { from: step, commits, fault: error instanceof Error ? error.message : String(error) };
  }
}

interface Parts {
  readonly computer: RoundComputer;
  readonly onStep: RecomputeOptions['onStep'];
}

/** Carries out what the machine asks for until it has caught up with the log. @throws {LogMismatchError} */
async function drive(machine: RunMachine, parts: Parts): Promise<void> {
  if (machine.ahead === 0) return;
  for (let actions = machine.handle({ type: 'start' }); ;) {
    let answer: RunMachineEvent | undefined;
    for (const action of actions) {
      answer = await carryOut(action, parts);
      if (machine.ahead === 0) return;
    }
    if (answer === undefined) throw new Error(`expected ${machine.ahead} more commits as in the log, got the end of the run`);
    actions = machine.handle(answer);
  }
}

async function carryOut(action: RunMachineAction, { computer, onStep }: Parts): Promise<RunMachineEvent | undefined> {
  switch (action.type) {
    case 'begin-round':
      return answerTo(action, computer);
    case 'publish':
      computer.apply(action.update, action.combination);
      return undefined;
    case 'reproduced':
      onStep?.(action.step);
      return undefined;
    default:
      return undefined;
  }
}

async function answerTo(work: RoundToCompute, computer: RoundComputer): Promise<RunMachineEvent> {
  const { round, dropped } = work;
  const { step, attempt, phase, slots } = round;
  const failed = (reason: string): RunMachineEvent => ({
    type: 'round-abandoned',
    failure: { step, attempt, phase, reason, worker: 'recompute' },
  });
  // Evaluations are for people: no bit of a step depends on one.
  if (phase.startsWith('eval/')) return failed('left out');
  try {
    const total = await computer.total(work);
    const coverage = [{ block: rootBlock(slots), worker: 'recompute', incarnation: 'recompute' }];
    return { type: 'round-complete', total, coverage, ...(dropped && { dropped }) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** This machine computes other bits than the one that made the run. */
export class FingerprintMismatch extends Error {
  override readonly name = 'FingerprintMismatch';
}

function requireFingerprint(
  { fingerprint, solve }: FingerprintEntry,
  here: { readonly compute: Fingerprint; readonly solve: Fingerprint | undefined },
): void {
  for (const [part, logged, own] of [['compute', fingerprint, here.compute] as const, ['solve', solve, here.solve] as const]) {
    if (logged === undefined || own === undefined) continue;
    const field = [...new Set([...Object.keys(logged), ...Object.keys(own)])].find((name) => logged[name] !== own[name]);
    if (field === undefined) continue;
    throw new FingerprintMismatch(`${part} fingerprint: expected ${field} ${logged[field] ?? 'absent'}, got ${own[field] ?? 'absent'}`);
  }
}

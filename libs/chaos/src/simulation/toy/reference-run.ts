/** The fault-free run of one worker, without any machine or message: one process, all slots, step after step. Everything else must equal it. */
import { CommittedParameters, planRound, rootBlock, vectorDigest, vectorsOf } from '@geodesic/cluster';
import type { PhasePlan } from '@geodesic/cluster';
import { SLOTS } from './toy-data.ts';
import { stateDigest } from './toy-checkpoint.ts';
import { ToyComputer, ToyProgramFailure } from './toy-program.ts';
import { initialStart, ToyTrainer } from './toy-trainer.ts';

/** What a run must lead to. */
export interface ReferenceRun {
  /** Of the whole state at the end. */
  readonly digest: string;
  /** Every commit, `<step>.<attempt> <step|rejected> <chain>`. */
  readonly commits: readonly string[];
  /** Every round, `<step>.<attempt> <phase>`. */
  readonly rounds: readonly string[];
}

const known = new Map<number, ReferenceRun>();

/** The reference of a training of so many steps; computed once. */
export function referenceRun(steps: number): ReferenceRun {
  const found = known.get(steps) ?? train(steps);
  known.set(steps, found);
  return found;
}

function train(steps: number): ReferenceRun {
  const trainer = new ToyTrainer(steps, initialStart());
  const committed = new CommittedParameters(trainer, { usesPrevious: true });
  const computer = new ToyComputer();
  const [commits, rounds]: [string[], string[]] = [[], []];
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, attempt, phase } = plan;
    rounds.push(`${step}.${attempt} ${phase}`);
    const { update, rejected } = finish(trainer, plan, () => total(plan, committed, computer));
    if (update) committed.advance(update);
    if (update || rejected) commits.push(`${step}.${attempt} ${rejected ? 'rejected' : 'step'} ${update ? committed.position.chain : ''}`);
  }
  return { digest: stateDigest(trainer, committed), commits, rounds };
}

function total(plan: PhasePlan, committed: CommittedParameters, computer: ToyComputer): ReturnType<ToyComputer['compute']> {
  const round = planRound({ run: 'reference', plan, position: committed.position });
  const vectors = new Map((plan.inputs ? vectorsOf(plan.inputs) : []).map((vector) => [vectorDigest(vector), vector]));
  return computer.compute(committed.snapshot(), { ...round, block: rootBlock(SLOTS) }, (digest) => vectors.get(digest));
}

function finish(trainer: ToyTrainer, plan: PhasePlan, compute: () => ReturnType<ToyComputer['compute']>): ReturnType<ToyTrainer['absorb']> {
  try {
    return trainer.absorb(compute());
  } catch (error) {
    if (!(error instanceof ToyProgramFailure)) throw error;
    return trainer.reject({ step: plan.step, attempt: plan.attempt, phase: plan.phase, reason: error.message, worker: 'alone' });
  }
}

/** A run's loop whose disk, workers and journal answer when the test says so. */
import { CommittedParameters } from '@geodesic/cluster';
import type { Absorbed, Contribution, JournalRecord, LogEntry, PhasePlan, RoundFailure, RoundIdentity, RoundPlan } from '@geodesic/cluster';
import { ProgramFailed } from '../src/round-errors.ts';
import { RoundObjects } from '../src/round-objects.ts';
import { RunLoop } from '../src/run-loop.ts';
import type { RunLoopOptions } from '../src/run-loop.ts';
import type { RunNews } from '../src/run-loop-observer.ts';
import type { RunTrainer } from '../src/run-meta.ts';
import type { CompletedRound } from '../src/pool-options.ts';

/** A run, by default of two steps and an evaluation, whose disk and workers answer when the test says so. */
export class Stage {
  readonly history: string[] = [];
  readonly rounds: {
    plan: RoundPlan;
    dropped?: readonly number[] | undefined;
    resolve: (round: CompletedRound) => void;
    reject: (error: Error) => void;
  }[] = [];
  readonly appends: { entry: LogEntry; resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly objects = new RoundObjects({ spareElements: 0 });
  readonly committed: CommittedParameters;
  workers = 1;
  readonly loop: RunLoop;

  constructor(trainer: RunTrainer = threeRounds(), options: Partial<RunLoopOptions> = {}) {
    this.committed = new CommittedParameters(trainer, { usesPrevious: true });
    this.loop = new RunLoop({
      ...options,
      run: 'r',
      trainer,
      committed: this.committed,
      objects: this.objects,
      publisher: {
        release: () => undefined,
        publish: (update) =>
          this.history.push(`publish ${update.version}${'combination' in update ? ` ${update.combination.digest.slice(0, 10)}` : ''}`),
      },
      pool: pooled(this),
      log: {
        append: (entry) => new Promise<void>((resolve, reject) => this.appends.push({ entry, resolve, reject })),
      },
      observer: { told: (news) => this.history.push(...inWords(news)) },
    });
  }

  /** Answers the round in progress and lets everything that follows from it happen. */
  async completeRound(): Promise<void> {
    await settled();
    const { plan, resolve } = this.rounds.at(-1)!;
    const total: Contribution = {
      block: { level: 0, index: 0 },
      count: 10,
      scalars: new Float64Array(1),
      sums: new Float32Array(plan.sumsLength),
    };
    resolve({ total, coverage: [], dropped: [] });
    await settled();
  }

  /** Lets the round in progress be made and its commit be written. */
  async commitRound(): Promise<void> {
    await this.completeRound();
    await this.write();
  }

  /** Lets the disk finish what it was asked for last. */
  async write(): Promise<void> {
    this.appends.at(-1)!.resolve();
    await settled();
  }

  /** Fails the round in progress as a program that makes NaN does. */
  async failRound(): Promise<void> {
    const { plan, reject } = this.rounds.at(-1)!;
    const { step, attempt, phase } = plan;
    reject(new ProgramFailed({ step, attempt, phase, reason: 'Log makes NaN', worker: 'w1' }));
    await settled();
  }
}

function inWords(news: RunNews): string[] {
  switch (news.type) {
    case 'advanced':
      return [`advanced ${news.step}`];
    case 'reproduced':
      return [`reproduced ${news.step}`];
    case 'committed':
      return [`committed ${news.step} with ${news.examples}`];
    case 'rejected': {
      const { step, attempt, reason, damping, failure } = news;
      return [`rejected ${step}.${attempt}: ${reason}, ${damping}${failure ? ` (${failure.worker}: ${failure.reason})` : ''}`];
    }
    case 'refreshed':
      return [`refreshed after ${news.step}: ${JSON.stringify(news.layers)}`];
    case 'evaluated':
      return [`${news.split} after ${news.step}`];
    case 'unevaluated':
      return [`no ${news.failure.phase} after ${news.failure.step}: ${news.failure.worker}`];
    case 'paused':
      return [`paused before ${news.step}`];
    case 'controlled':
      return [`${news.entry.action} from ${news.entry.step}`];
  }
}

function pooled(stage: Stage): {
  size: number;
  round(plan: RoundPlan, dropped?: readonly number[]): Promise<CompletedRound>;
  interrupt(error: Error): void;
} {
  return {
    get size() {
      return stage.workers;
    },
    round: (plan, dropped) =>
      new Promise((resolve, reject) => {
        stage.history.push(`round ${plan.phase} ${plan.step} at version ${plan.version}`);
        stage.rounds.push({ plan, dropped, resolve, reject });
      }),
    interrupt: (error) => stage.rounds.at(-1)?.reject(error),
  };
}

export function threeRounds(): RunTrainer {
  const plans = [1, 2, 3].map((round) => ({
    step: Math.min(round, 2),
    attempt: 0,
    phase: round === 3 ? 'eval/test' : 'grad',
    slots: 1,
    sumsLength: 2,
    scalarsLength: 1,
  }));
  const state = new Float32Array(0);
  return {
    parameters: new Float32Array(2),
    state,
    plan: () => plans[0],
    absorb: () => {
      const { phase } = plans.shift()!;
      if (phase === 'grad') return { update: { delta: Float32Array.of(1, 1), state } };
      return { evaluation: { split: 'test', loss: 1, accuracy: 1, examples: 10 } };
    },
  };
}

/** A trainer that plans these rounds and answers each as it is told, its failure with `onFailure`. */
export function scripted(
  rounds: readonly (Partial<PhasePlan> & { answer: Absorbed })[],
  onFailure?: (failure: RoundFailure) => Absorbed | undefined,
): RunTrainer {
  let at = 0;
  const answer = (): Absorbed => rounds[at++].answer;
  return {
    parameters: new Float32Array(2),
    state: new Float32Array(0),
    plan: () => rounds[at] && { step: 1, attempt: 0, phase: 'grad', slots: 1, sumsLength: 2, scalarsLength: 1, ...rounds[at] },
    absorb: answer,
    ...(onFailure && {
      reject: (failure) => {
        at += 1;
        return onFailure(failure);
      },
    }),
  };
}

/** Lets promise chains run to where they wait for the outside. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A journal in memory. */
export class FakeJournal {
  readonly records = new Map<string, JournalRecord>();

  append(record: JournalRecord): void {
    this.records.set(record.round.inputDigest, structuredClone(record));
  }

  async take({ inputDigest }: RoundIdentity): Promise<JournalRecord | undefined> {
    return structuredClone(this.records.get(inputDigest));
  }
}

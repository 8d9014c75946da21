/** Drives a run machine by hand: its disk and its workers answer when the test says so. */
import { CommittedParameters, RunMachine } from '../src/index.ts';
import type {
  Absorbed,
  ControlRequest,
  LogEntry,
  PhasePlan,
  RoundFailure,
  RunMachineAction,
  RunMachineEvent,
  RunMachineOptions,
  Trainer,
} from '../src/index.ts';
import { covered } from './log-fixtures.ts';

/** A round to plan, and what its total leads to. */
export type ScriptedRound = Partial<PhasePlan> & { readonly answer: Absorbed };

/** A trainer that plans these rounds and answers each as it is told, a failure with `onFailure`. */
export function scripted(rounds: readonly ScriptedRound[], onFailure?: (failure: RoundFailure) => Absorbed | undefined): Trainer {
  let at = 0;
  return {
    parameters: new Float32Array(2),
    state: new Float32Array(0),
    plan: () => rounds[at] && { step: 1, attempt: 0, phase: 'grad', slots: 8, sumsLength: 2, scalarsLength: 1, ...planOnly(rounds[at]) },
    absorb: () => rounds[at++].answer,
    ...(onFailure && {
      reject: (failure) => {
        at += 1;
        return onFailure(failure);
      },
    }),
  };
}

function planOnly({ answer: _answer, ...plan }: ScriptedRound): Partial<PhasePlan> {
  return plan;
}

/** A change of the parameters; another number is another change. */
export function change(number = 1): Absorbed {
  return { update: { delta: Float32Array.of(number, 1), state: new Float32Array(0) } };
}

/** A step of one round. */
export function step(number: number, answer: Absorbed = change(number)): ScriptedRound {
  return { step: number, answer };
}

/** An evaluation after a step. */
export function evaluation(after: number): ScriptedRound {
  return { step: after, phase: 'eval/test', answer: { evaluation: { split: 'test', loss: 1, examples: 60 } } };
}

/** A machine and its history. */
export class RunDriver {
  readonly machine: RunMachine;
  readonly committed: CommittedParameters;
  /** Every action in words. */
  readonly history: string[] = [];
  readonly actions: RunMachineAction[] = [];
  /** Everything that was to be appended. */
  readonly entries: LogEntry[] = [];

  constructor(trainer: Trainer, options: Partial<RunMachineOptions> = {}) {
    this.committed = options.committed ?? new CommittedParameters(trainer, { usesPrevious: true });
    this.machine = new RunMachine({ run: 'r', trainer, ...options, committed: this.committed });
  }

  /** Hands an event over and returns what is done, in words. */
  send(event: RunMachineEvent): string[] {
    const actions = this.machine.handle(event);
    this.actions.push(...actions);
    for (const action of actions) if (action.type === 'append') this.entries.push(action.entry);
    const words = actions.map(wordsOf);
    this.history.push(...words);
    return words;
  }

  start(): string[] {
    return this.send({ type: 'start' });
  }

  complete(dropped?: readonly number[]): string[] {
    const { slots, sumsLength, scalarsLength } = this.machine.round ?? { slots: 8, sumsLength: 2, scalarsLength: 1 };
    const block = { level: Math.log2(slots), index: 0 };
    const total = { block, count: 60, scalars: new Float64Array(scalarsLength), sums: new Float32Array(sumsLength) };
    return this.send({ type: 'round-complete', total, coverage: covered('w1', 0, slots), ...(dropped && { dropped }) });
  }

  abandon(reason = 'Log makes NaN', worker = 'w1'): string[] {
    const { step: of, attempt, phase } = this.machine.round!;
    return this.send({ type: 'round-abandoned', failure: { step: of, attempt, phase, reason, worker } });
  }

  appended(): string[] {
    return this.send({ type: 'appended' });
  }

  control(action: ControlRequest['action'], more: Partial<ControlRequest> = {}): string[] {
    return this.send({ type: 'control', action, reason: 'asked', ...more });
  }
}

function wordsOf(action: RunMachineAction): string {
  switch (action.type) {
    case 'begin-round': {
      const { step: of, attempt, phase, version } = action.round;
      return `round ${of}.${attempt} ${phase} at ${version}${action.dropped ? ` without ${action.dropped.join() || 'nothing'}` : ''}`;
    }
    case 'publish':
      return `publish ${action.update.version}`;
    case 'append':
      return `append ${entryWords(action.entry)}`;
    case 'committed':
      return `committed ${action.step}`;
    case 'rejected':
      return `rejected ${action.step}.${action.attempt}${action.takenBack ? ' and taken back' : ''}${action.failure ? ` by ${action.failure.worker}` : ''}`;
    case 'controlled':
      return `controlled ${entryWords(action.entry)}`;
    case 'evaluated':
      return `evaluated ${action.split} after ${action.step}`;
    case 'unevaluated':
    case 'failed':
      return `${action.type} ${action.failure.phase} ${action.failure.step}: ${action.failure.reason}`;
    case 'ended':
      return `ended ${action.state}`;
    default:
      return `${action.type} ${action.step}`;
  }
}

function entryWords(entry: LogEntry): string {
  if (entry.type === 'control') return `${entry.action} from ${entry.step}`;
  return 'attempt' in entry ? `${entry.type} ${entry.step}.${entry.attempt}` : entry.type;
}

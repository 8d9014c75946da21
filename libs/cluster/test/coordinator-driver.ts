/** A {@link CoordinatorMachine} with short ways to say what happens at what time, and short texts of what it does. */
import { CoordinatorMachine, slotsOf } from '../src/index.ts';
import type { Block, Contribution, CoordinatorAction, CoordinatorEvent, CoordinatorOptions, RoundPlan } from '../src/index.ts';
import { blockContribution, planOf } from './fixtures.ts';

const SEED = 11;

/** `type` and what matters of each action, for people. */
export function brief(actions: readonly CoordinatorAction[]): string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'assign':
        return `assign ${action.worker} ${action.assignment.blocks.flatMap(slotsOf).join()}`;
      case 'acknowledge':
        return action.result;
      case 'round-complete':
        return action.dropped.length > 0 ? `round-complete without ${action.dropped.join()}` : action.type;
      case 'round-failed':
        return action.type;
      case 'dispute':
        return `dispute ${action.workers.join(' ')}${action.resolved ? ' resolved' : ''}`;
      case 'quarantine':
        return `quarantine ${action.worker} ${action.cooldownMs}`;
      case 'defer':
        return `defer ${action.worker} ${action.retryAfterMs}`;
      default:
        return `${action.type} ${action.worker}`;
    }
  });
}

/** A machine and a clock that only the test moves; a worker's incarnation is its name. */
export class CoordinatorDriver {
  readonly machine: CoordinatorMachine;
  now = 0;
  plan: RoundPlan;

  constructor(options: Partial<CoordinatorOptions> & { readonly slots?: number; readonly workers?: readonly string[] } = {}) {
    const { slots = 8, workers = [], ...rest } = options;
    this.machine = new CoordinatorMachine({ leaseMs: 1e6, ...rest });
    this.plan = planOf(slots, { step: 0 });
    for (const worker of workers) this.join(worker);
  }

  /** Hands an event in, now. */
  handle(event: EventWithoutTime): CoordinatorAction[] {
    return this.machine.handle({ ...event, at: this.now });
  }

  join(worker: string, incarnation: string = worker): string[] {
    return brief(this.handle({ type: 'joined', worker, incarnation, fingerprint: {} }));
  }

  leave(worker: string): string[] {
    return brief(this.handle({ type: 'left', worker, incarnation: worker, reason: '' }));
  }

  /** Begins the next step. */
  begin(dropped: readonly number[] = []): string[] {
    this.plan = { ...this.plan, step: this.plan.step + 1 };
    return brief(this.handle({ type: 'begin-round', plan: this.plan, ...(dropped.length > 0 && { dropped }) }));
  }

  tick(): string[] {
    return brief(this.handle({ type: 'tick' }));
  }

  beat(worker: string, status: { open: number; generation?: number; progress?: number }): string[] {
    const generation = 1e9;
    return brief(this.handle({ type: 'heartbeat', worker, incarnation: worker, generation, ...status }));
  }

  /** A right contribution for the present round; `spoil` changes its bits. */
  contribute(worker: string, block: Block, spoil: (contribution: Contribution) => void = () => undefined): string[] {
    const contribution = blockContribution(SEED, block);
    spoil(contribution);
    return brief(this.handle({ type: 'contribution', worker, incarnation: worker, round: this.plan, contribution }));
  }

  /** A whole round in which every worker contributes its block after so many ms. */
  round(contributions: readonly (readonly [string, Block, number])[]): void {
    this.begin();
    const start = this.now;
    for (const [worker, block, ms] of [...contributions].sort((a, b) => a[2] - b[2])) {
      this.now = start + ms;
      this.contribute(worker, block);
    }
  }
}

type WithoutTime<T> = T extends CoordinatorEvent ? Omit<T, 'at'> : never;
type EventWithoutTime = WithoutTime<CoordinatorEvent>;

/** The worker processes that have loaded a run, as the pool knows them beside the machine: their sessions and what they are doing. */
import type { Member } from '@geodesic/cluster';
import type { Visitor } from './lobby.ts';
import { ProgressMeter } from './progress-meter.ts';

/** What people are told of a worker. */
export type ResidentState = 'computing' | 'waiting' | 'draining';

/** One process. */
export interface Resident extends Visitor {
  readonly meter: ProgressMeter;
  isAdmitted: boolean;
  /** Once it leaves in order. */
  isDraining: boolean;
  isComputing: boolean;
}

/** All of them, by worker and incarnation. */
export class Residents {
  readonly #residents = new Map<string, Resident>();

  /** A process is ready at `at`, monotonic ms. */
  add(visitor: Visitor, at: number): void {
    const resident = { ...visitor, meter: new ProgressMeter(at), isAdmitted: false, isDraining: false, isComputing: false };
    this.#residents.set(keyOf(memberOf(visitor)), resident);
  }

  get(member: Member): Resident | undefined {
    return this.#residents.get(keyOf(member));
  }

  delete(member: Member): void {
    this.#residents.delete(keyOf(member));
  }

  /** Whether a process of this name is there. */
  isPresent(worker: string): boolean {
    return [...this.#residents.values()].some(({ hello }) => hello.worker === worker);
  }

  /** What the worker is doing. */
  stateOf(worker: string): ResidentState {
    const resident = [...this.#residents.values()].find(({ hello, isAdmitted }) => isAdmitted && hello.worker === worker);
    if (resident?.isDraining === true) return 'draining';
    return resident?.isComputing === true ? 'computing' : 'waiting';
  }
}

/** The process behind a session. */
export function memberOf({ hello }: Visitor): Member {
  return { worker: hello.worker, incarnation: hello.incarnation };
}

function keyOf({ worker, incarnation }: Member): string {
  return JSON.stringify([worker, incarnation]);
}

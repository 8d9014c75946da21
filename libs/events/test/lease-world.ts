/** A world of processes that want a lease: a store with revisions, a network that delays and loses, pauses and outages, all from one seed. */
import type { LeaseHolder } from '../src/index.ts';
import { LeaseMachine } from '../src/lease-machine.ts';
import type { LeaseAction, LeaseEvent } from '../src/lease-machine.ts';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How bad the world is. */
export interface Weather {
  /** One way, ms. */
  readonly delayMs: number;
  /** Of requests and of answers, each. */
  readonly lossRate: number;
}

/** A stay: of a process that is stopped, or of a network that carries nothing. */
export interface Stay {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A process with its machine. */
export interface Member {
  readonly holder: LeaseHolder;
  readonly machine: LeaseMachine;
  readonly pauses: readonly Stay[];
  readonly won: number[];
  readonly lost: number[];
  readonly released: number[];
  /** When it dies; undefined: never. */
  readonly diesAtMs: number | undefined;
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** The world; times are of its own clock, from 0. */
export class LeaseWorld {
  nowMs = 0;
  readonly members: Member[] = [];
  /** Who wrote each revision, in order: revision 1 first. */
  readonly writers: (LeaseHolder | undefined)[] = [];
  readonly outages: Stay[] = [];
  weather: Weather;
  /** Called after every event that a machine took. */
  onEvent: (member: Member, event: LeaseEvent) => void = () => undefined;
  readonly #random: () => number;
  #happenings: Happening[] = [];
  #order = 0;

  constructor(seed: number, weather: Weather) {
    this.#random = numbersFrom(seed);
    this.weather = weather;
  }

  get revision(): number {
    return this.writers.length;
  }

  random(): number {
    return this.#random();
  }

  add(leader: string, { leaseMs, pauses = [], diesAtMs }: { leaseMs: number; pauses?: readonly Stay[]; diesAtMs?: number }): Member {
    const holder = { leader, address: `${leader}:1`, folder: leader, leaseMs };
    const machine = new LeaseMachine(holder, { atMs: this.nowMs });
    const member: Member = { holder, machine, pauses, won: [], lost: [], released: [], diesAtMs };
    this.members.push(member);
    this.#wake(member);
    return member;
  }

  at(atMs: number, happen: () => void): void {
    this.#happenings.push({ atMs, order: this.#order++, happen });
  }

  release(member: Member): void {
    this.#tell(member, { type: 'release', atMs: this.nowMs });
  }

  run(untilMs: number): void {
    for (;;) {
      const next = this.#happenings.reduce<Happening | undefined>(
        (first, one) =>
          first === undefined || one.atMs < first.atMs || (one.atMs === first.atMs && one.order < first.order) ? one : first,
        undefined,
      );
      if (next === undefined || next.atMs > untilMs) break;
      this.#happenings = this.#happenings.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.happen();
    }
    this.nowMs = untilMs;
  }

  /** When the process can take something that comes now; undefined once it is dead. */
  #awakeAt({ pauses, diesAtMs }: Member, atMs: number): number | undefined {
    const awake = pauses.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)?.toMs ?? atMs;
    return diesAtMs !== undefined && awake >= diesAtMs ? undefined : awake;
  }

  #tell(member: Member, event: LeaseEvent): void {
    const awake = this.#awakeAt(member, this.nowMs);
    if (awake === undefined) return;
    if (awake > this.nowMs) return this.at(awake, () => this.#tell(member, { ...event, atMs: this.nowMs }));
    const actions = member.machine.handle(event);
    for (const action of actions) this.#do(member, action);
    this.onEvent(member, event);
    this.#wake(member);
  }

  #wake(member: Member): void {
    const { wakeAtMs } = member.machine;
    if (wakeAtMs !== undefined) this.at(Math.max(wakeAtMs, this.nowMs), () => this.#tell(member, { type: 'tick', atMs: this.nowMs }));
  }

  #do(member: Member, action: LeaseAction): void {
    switch (action.type) {
      case 'read':
        return this.#ask(member, () => ({ type: 'observed', revision: this.revision, holder: this.writers.at(-1) }));
      case 'write':
        return this.#ask(member, () => {
          if (this.revision !== action.revision) return { type: 'conflict' };
          this.writers.push(action.holder);
          return { type: 'written', revision: this.revision };
        });
      case 'won':
      case 'lost':
      case 'released':
        member[action.type].push(this.nowMs);
    }
  }

  /** Sends a request, lets the store answer, and gives the answer, or that there was none after a third of the lease. */
  #ask(member: Member, answer: () => Unstamped): void {
    const timeoutMs = this.nowMs + member.holder.leaseMs / 3;
    let isSettled = false;
    const settle = (event: Unstamped): void => {
      if (isSettled) return;
      isSettled = true;
      this.#tell(member, { ...event, atMs: this.nowMs });
    };
    this.at(timeoutMs, () => settle({ type: 'failed' }));
    this.#carry(() => {
      const event = answer();
      this.#carry(() => settle(event));
    });
  }

  #carry(deliver: () => void): void {
    if (this.#random() < this.weather.lossRate) return;
    const arrivesAt = this.nowMs + this.#random() * this.weather.delayMs;
    const isOut = this.outages.some(({ fromMs, toMs }) => this.nowMs < toMs && fromMs <= arrivesAt);
    if (!isOut) this.at(arrivesAt, deliver);
  }
}

type Unstamped = LeaseEvent extends infer Event ? (Event extends LeaseEvent ? Omit<Event, 'atMs'> : never) : never;

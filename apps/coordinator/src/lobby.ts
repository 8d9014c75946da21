/**
 * Every connected worker before it belongs to a run: checks the protocol version and lets it wait until there is a run. Workers may
 * connect before a run is submitted, and any number of them.
 */
import { refuseVersion, WireError } from '@geodesic/wire';
import type { CoordinatorMessage, SessionHandler, SessionPeer, SessionService, WorkerMessage } from '@geodesic/wire';
import type { WorkerPool } from './worker-pool.ts';

/** What a worker said of itself. */
export type Hello = Extract<WorkerMessage, { type: 'hello' }>;

/** One session whose worker has introduced itself. */
export interface Visitor {
  readonly peer: SessionPeer;
  readonly hello: Hello;
}

/** The Session service of a coordinator. */
export class Lobby implements SessionService {
  readonly #waiting = new Map<Visitor, (pool: WorkerPool) => void>();
  #pool: WorkerPool | undefined;
  #endState: string | undefined;
  /** Who came after the end. */
  readonly #late = new Set<string>();
  #wake: () => void = () => undefined;

  /** Lets everyone in who waits, and everyone who comes from now on. */
  openRun(pool: WorkerPool): void {
    this.#pool = pool;
    const entering = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const enter of entering) enter(pool);
  }

  /** Closes the door after a run. With `final` whoever waits or comes later is told that there will be no other. */
  closeRun({ state, final }: { state: string; final: boolean }): void {
    this.#pool = undefined;
    if (!final) return;
    this.#endState = state;
    for (const { peer } of this.#waiting.keys()) sendHome(peer, state);
    this.#waiting.clear();
  }

  /** Resolves when each of these workers has come after the end, and was told. */
  async allTold(workers: readonly string[]): Promise<void> {
    while (!workers.every((worker) => this.#late.has(worker))) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  open(peer: SessionPeer): SessionHandler {
    let visitor: Visitor | undefined;
    let room: SessionHandler | undefined;
    const greet = (hello: Hello): void => {
      visitor = { peer, hello };
      const guest = visitor;
      const refusal = refuseVersion(hello);
      if (refusal) turnAway(peer, refusal);
      else if (this.#endState !== undefined) {
        sendHome(peer, this.#endState);
        this.#late.add(hello.worker);
        this.#wake();
      } else if (this.#pool) room = this.#pool.receive(guest);
      else this.#waiting.set(guest, (pool) => (room = pool.receive(guest)));
    };
    return {
      message: (message) => {
        if (room) room.message(message);
        else if (message.type === 'hello') greet(message);
        else if (message.type === 'leave') peer.end();
        else throw new WireError('INVALID', `session: expected hello, got ${message.type}`, 'say hello first, and wait for the welcome');
      },
      closed: (reason) => {
        if (visitor) this.#waiting.delete(visitor);
        room?.closed(reason);
      },
    };
  }
}

function sendHome(peer: SessionPeer, state: string): void {
  peer.send({ type: 'run-over', state });
  peer.end();
}

function turnAway(peer: SessionPeer, refusal: CoordinatorMessage): void {
  peer.send(refusal);
  peer.end();
}

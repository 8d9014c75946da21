/** The run that this process takes part in, kept from session to session with its compute thread and its bulk connection. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '@geodesic/telemetry';
import { connectExchange, WireError } from '@geodesic/wire';
import type { ExchangeClient } from '@geodesic/wire';
import type { WorkerError } from './errors.ts';
import { RunParticipation } from './run-participation.ts';
import type { Welcome } from './worker-session.ts';

/** Leases without progress after which a bulk transfer is over. */
const IDLE_LEASES = 4;

/** Bulk transfers may stand still for so long however short the lease: what has been written may still be in buffers on the way, ms. */
const LEAST_IDLE_MS = 5000;

/** Options of {@link RunPlace}. */
export interface PlaceOptions {
  readonly name: string;
  readonly logger: Logger;
  /** This worker cannot go on; comes at most once. */
  readonly onFatal: (error: WorkerError) => void;
}

interface Occupied {
  readonly participation: RunParticipation;
  readonly exchange: ExchangeClient;
}

/** The place of one process. */
export class RunPlace {
  /** Fresh for this process. */
  readonly incarnation: string = randomUUID();
  readonly #options: PlaceOptions;
  #occupied: Occupied | undefined;
  /** Counts the sessions that asked: what was prepared for one that broke meanwhile is not kept. */
  #turn = 0;

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  /**
   * The participation in the run of a welcome: what is held of it is kept, also where another coordinator leads it now.
   * @param address HOST:PORT of the coordinator that welcomes
   * @throws {WireError}, {WorkerError} BUNDLE
   */
  async take({ run, bundleDigest, leaseMs }: Welcome, address: string): Promise<RunParticipation> {
    const turn = ++this.#turn;
    const held = this.#occupied;
    if (held?.participation.run === run && held.participation.bundleDigest === bundleDigest) {
      // The session before this one broke, and the bulk connection most likely with it.
      held.exchange.renew(address);
      return held.participation;
    }
    await this.close();
    const { name: worker, logger, onFatal } = this.#options;
    const { incarnation } = this;
    const stallMs = Math.max(LEAST_IDLE_MS, IDLE_LEASES * leaseMs);
    const exchange = connectExchange(address, { idleMs: stallMs });
    try {
      const participation = await RunParticipation.prepare({ run, bundleDigest, worker, incarnation, exchange, logger, stallMs, onFatal });
      if (turn !== this.#turn) {
        await participation.close();
        throw new WireError('UNREACHABLE', `session at ${address}: expected it to last until the bundle was there, got another session`);
      }
      this.#occupied = { participation, exchange };
      return participation;
    } catch (error) {
      exchange.close();
      throw error;
    }
  }

  /** Ends the participation. */
  async close(): Promise<void> {
    const held = this.#occupied;
    this.#occupied = undefined;
    await held?.participation.close();
    held?.exchange.close();
  }
}

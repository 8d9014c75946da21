/**
 * What a proxy does to the connections that go through it. Every direction of every connection has its own faults and its own stream of
 * random numbers, keyed by (seed, connection, direction): what another connection does changes nothing here.
 */
import { checkNumber } from '../errors.ts';

/** `up`: from the client to the target. `down`: back. */
export type Direction = 'up' | 'down';

/** Which bytes are damaged: the one at an offset of the stream, or each with a probability in [0, 1]. One bit of it is changed. */
export type ByteFlip = { readonly at: number } | { readonly rate: number };

/** Faults of one direction; offsets and amounts count bytes of that direction since the connection was made. */
export interface DirectionFaults {
  /** Every piece arrives so much later, ms; default 0. */
  readonly latencyMs?: number;
  /** And up to so much later than that, uniformly, ms; order is kept; default 0. */
  readonly jitterMs?: number;
  /** Default unlimited. */
  readonly bytesPerSecond?: number;
  /** Half-open: it is read no more, while the sockets stay; what is under way still arrives. Default false. */
  readonly stopped?: boolean;
  /** The stream ends in order after so many bytes; what follows is swallowed. */
  readonly truncateAfter?: number;
  /** Both sockets are reset (RST) after so many bytes. */
  readonly resetAfter?: number;
  readonly flip?: ByteFlip;
}

/** Faults of a connection. */
export interface ConnectionFaults {
  readonly up?: DirectionFaults;
  readonly down?: DirectionFaults;
  /** New connections are reset as soon as they are made; default false. */
  readonly refuse?: boolean;
}

/** The same faults for all connections, or some for each, numbered from 0 in the order in which they came. */
export type ProxyFaults = ConnectionFaults | ((connection: number) => ConnectionFaults);

/** Time, as the proxy sees it. */
export interface ProxyClock {
  /** Monotonic ms. */
  now(): number;
  /** Calls once, `ms` from now or later; the result takes it back. */
  after(ms: number, callback: () => void): () => void;
}

/** The time of this process. */
export const realClock: ProxyClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** @throws {ChaosError} naming the fault that cannot be */
export function checkFaults(faults: ConnectionFaults): void {
  for (const direction of ['up', 'down'] as const) {
    const { flip, stopped: _stopped, ...numbers } = faults[direction] ?? {};
    for (const [name, value] of Object.entries(numbers))
      checkNumber(`${direction}.${name}`, value, name === 'bytesPerSecond' ? Number.MIN_VALUE : 0);
    if (flip) checkNumber(`${direction}.flip`, 'at' in flip ? flip.at : flip.rate, 0);
  }
}

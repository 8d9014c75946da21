/**
 * Where a worker looks for its coordinator: the addresses that it was given, one after the other, and before them the one that a standby has
 * named as the leader's.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { parseAddress, WireError } from '@geodesic/wire';

/** Hosts at which a process listens everywhere: nobody can connect to them. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/** The addresses of one worker, and which is its turn. */
export class CoordinatorAddresses {
  readonly #given: readonly string[];
  #turn = 0;
  #named: string | undefined;

  /** @param given at least one HOST:PORT */
  constructor(given: readonly string[]) {
    if (given.length === 0) throw new RangeError('CoordinatorAddresses: expected at least one address, got none');
    this.#given = given;
  }

  /** HOST:PORT to try now. */
  get current(): string {
    return this.#named ?? this.#given[this.#turn];
  }

  /** Whether there is another one to try. */
  get hasOthers(): boolean {
    return this.#given.length > 1 || this.#named !== undefined;
  }

  /** The present one is not the leader, or not there: the next one's turn. */
  advance(): void {
    if (this.#named === undefined) this.#turn = (this.#turn + 1) % this.#given.length;
    this.#named = undefined;
  }

  /**
   * The present one has said who leads: that one's turn, if it can be an address for this worker; else the next one's.
   * @param leader HOST:PORT, or whatever else was said
   */
  follow(leader: string): void {
    const from = this.current;
    this.advance();
    if (leader === from) return;
    const known = this.#given.indexOf(leader);
    if (known >= 0) this.#turn = known;
    else if (isReachable(leader, from)) this.#named = leader;
  }

  toString(): string {
    return this.#given.join(', ');
  }
}

/** Whether an address that nobody gave may be tried: a loopback address is another host's unless it comes from this one. */
function isReachable(address: string, from: string): boolean {
  try {
    parseAddress(address);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
  const host = hostOf(address);
  return !EVERYWHERE.has(host) && (!isLoopback(host) || isLoopback(hostOf(from)));
}

function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || (isIPv4(bare) && bare.startsWith('127.')) || (isIPv6(bare) && bare === '::1');
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

/**
 * A worker of the fixture in the test's own process, which speaks the wire protocol and sends whatever the test wants instead of what it has
 * computed: wrong, late, twice, never. It comes back as real workers do, also after a quarantine.
 */
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Contribution, SlotComputer } from '@geodesic/cluster';
import { connectExchange, openSession, PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import type { ContributeAck, CoordinatorMessage, ExchangeClient, SessionLink, WireContribution } from '@geodesic/wire';
import { FIXTURE_ENVIRONMENT } from './bundles.ts';

type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;
type Assign = Extract<CoordinatorMessage, { type: 'assign' }>;

/** What it has computed, honestly, and is about to send. */
export interface HonestResult {
  readonly contribution: WireContribution;
  /** Blocks of the same assignment. */
  readonly blocks: Assign['blocks'];
  /** Sends one, whatever it is. */
  readonly send: (contribution: WireContribution) => Promise<ContributeAck>;
}

/** Options of {@link ProtocolWorker}. */
export interface ProtocolWorkerOptions {
  /** HOST:PORT of the coordinator. */
  readonly address: string;
  readonly worker: string;
  readonly bundle: Uint8Array;
  /** What it does with a result. */
  readonly conduct: (result: HonestResult) => Promise<unknown>;
}

/** A worker that does as it is told by a test. */
export class ProtocolWorker {
  /** How the coordinator answered, in order. */
  readonly acks: ContributeAck[] = [];
  /** What it was told when it was refused for a while, ms. */
  readonly deferrals: number[] = [];
  readonly incarnation: string = randomUUID();
  readonly #options: ProtocolWorkerOptions;
  readonly #exchange: ExchangeClient;
  readonly #closed = new AbortController();
  readonly #done = new Set<string>();
  readonly #running: Promise<void>;
  #computer: SlotComputer | undefined;
  #version = -1;
  #link: SessionLink | undefined;
  #isMute = false;
  #newest: Assign | undefined;
  #isWorking = false;

  constructor(options: ProtocolWorkerOptions) {
    this.#options = options;
    this.#exchange = connectExchange(options.address);
    this.#running = this.#stay();
  }

  /** Sends no heartbeats from now on, as a process that hangs; or sends them again. */
  mute(isMute: boolean): void {
    this.#isMute = isMute;
  }

  /** Leaves without a word. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#link?.close();
    await this.#running;
    this.#exchange.close();
  }

  async #stay(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const waitMs = await this.#session();
      if (!signal.aborted) await new Promise((later) => setTimeout(later, waitMs));
    }
  }

  /** One session; @returns how long to wait before the next, ms */
  #session(): Promise<number> {
    const { address, worker } = this.#options;
    const { signal } = this.#closed;
    const following = new AbortController();
    let heartbeat: NodeJS.Timeout | undefined;
    let waitMs = 50;
    return new Promise((resolve) => {
      const link = openSession({
        address,
        onMessage: (message) => {
          switch (message.type) {
            case 'welcome':
              heartbeat = setInterval(() => this.#beat(link), message.heartbeatMs);
              void this.#prepare().then(({ fingerprint }) => link.send({ type: 'ready', fingerprint }));
              void this.#follow(message, AbortSignal.any([signal, following.signal]));
              break;
            case 'assign':
              this.#newest = message;
              void this.#work();
              break;
            case 'refused':
              waitMs = message.retryAfterMs;
              this.deferrals.push(message.retryAfterMs);
              break;
            case 'run-over':
              this.#closed.abort();
              link.close();
              break;
            default:
          }
        },
        onClosed: () => {
          clearInterval(heartbeat);
          following.abort();
          resolve(waitMs);
        },
      });
      this.#link = link;
      link.send({
        type: 'hello',
        worker,
        incarnation: this.incarnation,
        protocol: PROTOCOL_VERSION,
        state: STATE_VERSION,
        pid: process.pid,
      });
    });
  }

  #beat(link: SessionLink): void {
    if (this.#isMute) return;
    const generation = this.#newest?.generation ?? 0;
    link.send({ type: 'heartbeat', slots: this.#done.size, examples: 0, computing: false, generation, open: 1 });
  }

  async #prepare(): Promise<SlotComputer> {
    const path = FIXTURE_ENVIRONMENT['GEODESIC_SLOT_PROGRAM_MODULE'] ?? '';
    const module = (await import(pathToFileURL(path).href)) as { createSlotComputer: (bundle: Uint8Array) => Promise<SlotComputer> };
    return (this.#computer ??= await module.createSlotComputer(this.#options.bundle));
  }

  async #follow({ run }: Welcome, signal: AbortSignal): Promise<void> {
    const computer = await this.#prepare();
    try {
      for await (const frame of this.#exchange.follow({ run, incarnation: this.incarnation, signal })) {
        if (frame.type === 'snapshot') computer.load(frame);
        else computer.apply(frame);
        this.#version = frame.version;
        void this.#work();
      }
    } catch {
      // The next session follows again.
    }
  }

  /** Computes what the newest assignment asks for, where its parameters are there; one block at a time. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        const { assign, block, key } = next;
        this.#done.add(key);
        const { round, blocks } = assign;
        const { step, attempt, phase } = round;
        const honest: Contribution = await (await this.#prepare()).compute({ step, attempt, phase, block });
        const { worker, conduct } = this.#options;
        const { incarnation } = this;
        const contribution = { ...honest, round, worker, incarnation, sumsLength: honest.sums.length };
        await conduct({ contribution, blocks, send: (sent) => this.#send(sent) }).catch(() => undefined);
      }
    } finally {
      this.#isWorking = false;
    }
  }

  #next(): { assign: Assign; block: Assign['blocks'][number]; key: string } | undefined {
    const assign = this.#newest;
    if (assign === undefined || assign.round.version !== this.#version) return undefined;
    const { generation, round, blocks } = assign;
    const keyOf = ({ level, index }: Assign['blocks'][number]): string => `${generation} ${round.inputDigest} ${level}.${index}`;
    const block = blocks.find((each) => !this.#done.has(keyOf(each)));
    return block && { assign, block, key: keyOf(block) };
  }

  async #send(contribution: WireContribution): Promise<ContributeAck> {
    const ack = await this.#exchange.contribute(contribution);
    this.acks.push(ack);
    return ack;
  }
}

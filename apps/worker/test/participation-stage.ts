/** A coordinator of one worker whose program is the counting fixture, for tests of a participation without a network. */
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { inputDigest, parametersChecksum } from '@geodesic/cluster';
import type { RoundInputs, RoundPlan } from '@geodesic/cluster';
import { createLogger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { ContributeAck, FollowOptions, ParameterFrame, WireContribution, WorkerMessage } from '@geodesic/wire';
import { vi } from 'vitest';
import { RunParticipation } from '../src/run-participation.ts';

/** The chain before the first update. */
export const chain: string = '0'.repeat(64);
const parameters = Float32Array.of(1, 2, 3);

/** The same parameters at any position. */
export const snapshotOf = (version: number, link: string): ParameterFrame => {
  return {
    type: 'snapshot',
    version,
    chain: link,
    parameters: parameters.slice(),
    state: Float32Array.of(7),
    previous: new Float32Array(0),
  };
};

/** A coordinator for one worker whose program is the counting fixture. */
export class Stage {
  static readonly program: string = fileURLToPath(new URL('./fixtures/counting-program.mjs', import.meta.url));
  readonly objects = new Map<string, Float32Array>();
  readonly sent: WorkerMessage[] = [];
  readonly contributions: WireContribution[] = [];
  readonly fatal: Error[] = [];
  readonly logged: string[] = [];
  /** What each stream of parameters says, in turn; the last one stays open. */
  readonly streams: ParameterFrame[][] = [[snapshotOf(0, chain)]];
  followed = 0;
  /** The versions that streams were to go on from. */
  readonly froms: (number | undefined)[] = [];
  readonly rejected: string[] = [];
  /** What the coordinator says to contributions, in turn; then it accepts them. */
  readonly answers: (() => Promise<ContributeAck>)[] = [];
  participation!: RunParticipation;

  async start(): Promise<void> {
    this.participation = await RunParticipation.prepare({
      run: 'r',
      bundleDigest: 'bundle',
      worker: 'w1',
      incarnation: 'i',
      exchange: {
        fetch: async (digest) => {
          if (digest === 'bundle') return new TextEncoder().encode('good');
          const found = this.objects.get(digest);
          if (!found) throw new WireError('NOT_FOUND', `fetch: got ${digest}`);
          return new Uint8Array(found.slice().buffer);
        },
        follow: (options) => this.#follow(options),
        contribute: async (contribution): Promise<ContributeAck> => {
          this.contributions.push(contribution);
          return this.answers.shift()?.() ?? { result: 'accepted', detail: '' };
        },
        traffic: { bytesUp: 0, bytesDown: 0 },
        renew: () => undefined,
        close: () => undefined,
      },
      logger: createLogger({ component: 'worker', level: 'debug', write: (line) => this.logged.push(line) }),
      onFatal: (error) => this.fatal.push(error),
    });
    this.admit();
  }

  admit({ generation = 0, term = 1 }: { generation?: number; term?: number } = {}): void {
    const send = (message: WorkerMessage): unknown => this.sent.push(message);
    this.participation.admitted({ generation, term, send, reject: (reason) => this.rejected.push(reason) });
  }

  async *#follow({ from, signal }: FollowOptions): AsyncGenerator<ParameterFrame, void, undefined> {
    this.froms.push(from?.version);
    const stream = this.streams[this.followed++];
    yield* stream;
    if (this.followed === this.streams.length) await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }

  /** Whether a block is being computed. */
  get computing(): boolean {
    const message = this.participation.heartbeat();
    return message.type === 'heartbeat' && message.computing;
  }

  /** Blocks that are waiting, being computed, or not answered. */
  get openBlocks(): number {
    const message = this.participation.heartbeat();
    return message.type === 'heartbeat' ? message.open : -1;
  }

  /** Assigns a round, one slot by default, each a block. */
  assign(
    generation: number,
    round: { phase: string; attempt?: number; inputs?: RoundInputs; version?: number; link?: string; slots?: number },
  ): RoundPlan {
    const { phase, attempt = 0, inputs, version = 0, link = chain, slots = 1 } = round;
    const input = { chain: link, checksum: parametersChecksum(parameters), step: 1, attempt, phase, ...(inputs && { inputs }) };
    const identity = { run: 'r', step: 1, attempt, phase, inputDigest: inputDigest(input) };
    const plan = { ...identity, version, slots, sumsLength: 3, scalarsLength: 2, ...(inputs && { inputs }) };
    this.participation.assign({
      type: 'assign',
      generation,
      round: plan,
      blocks: Array.from({ length: slots }, (_, index) => ({ level: 0, index })),
    });
    return plan;
  }

  /** Lets a gated block pass. */
  pass(): void {
    const channel = new BroadcastChannel('counting-gate');
    channel.postMessage('pass');
    channel.close();
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitUntil(condition, { interval: 5, timeout: 5000 });
  }
}

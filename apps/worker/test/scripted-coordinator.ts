/** A real server whose sessions a test conducts by hand, and whose parameters never change, for tests of a whole worker in this process. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { inputDigest, parametersChecksum } from '@geodesic/cluster';
import { ParameterPublisher, serveWire, WireError } from '@geodesic/wire';
import type { CoordinatorMessage, ExchangeService, SessionPeer, WireContribution, WireServer, WorkerMessage } from '@geodesic/wire';

/** The digest chain of the parameters. */
const chain = 'c'.repeat(64);
const parameters: Float32Array = Float32Array.of(1, 2, 3);
const bundle: Uint8Array = new TextEncoder().encode('good');
const bundleDigest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;

/** Emits 'message' for every message of a worker, 'closed' for the end of a session, 'contribution'. */
export class ScriptedCoordinator extends EventEmitter {
  readonly messages: WorkerMessage[] = [];
  readonly contributions: WireContribution[] = [];
  readonly follows: Parameters<ExchangeService['follow']>[0][] = [];
  peer: SessionPeer | undefined;
  #server: WireServer | undefined;
  readonly #publisher = new ParameterPublisher({
    snapshot: () => ({ version: 0, chain, parameters, state: Float32Array.of(1), previous: new Float32Array(0) }),
  });

  /** HOST:PORT, once it listens. */
  get address(): string {
    return this.#server!.address;
  }

  async listen(port = 0): Promise<this> {
    const unused = async (): Promise<never> => {
      throw new WireError('INTERNAL', 'not used');
    };
    this.#server = await serveWire({
      host: '127.0.0.1',
      port,
      session: {
        open: (peer) => {
          this.peer = peer;
          return {
            message: (message) => {
              this.messages.push(message);
              this.emit('message', message);
            },
            closed: (reason) => this.emit('closed', reason),
          };
        },
      },
      exchange: {
        admit: () => undefined,
        contribute: (contribution) => {
          this.contributions.push(contribution);
          this.emit('contribution');
          return { result: 'accepted', detail: '' };
        },
        fetch: () => bundle,
        follow: (request) => {
          this.follows.push(request);
          return this.#publisher;
        },
      },
      runs: { submit: unused, watch: () => this.#publisherEvents(), control: unused, get: unused },
    });
    return this;
  }

  /** The next message of this type, or one that has come. */
  async hears(type: WorkerMessage['type']): Promise<WorkerMessage> {
    for (;;) {
      const found = this.messages.findIndex((message) => message.type === type);
      if (found >= 0) return this.messages.splice(0, found + 1).at(-1)!;
      await once(this, 'message');
    }
  }

  says(message: CoordinatorMessage): void {
    this.peer!.send(message);
  }

  /** Takes the worker that comes next in, up to its membership. */
  async admits(term: number): Promise<WorkerMessage> {
    const hello = await this.hears('hello');
    this.says({ type: 'welcome', run: 'r', leaseMs: 1000, heartbeatMs: 20, bundleDigest, term });
    await this.hears('ready');
    this.says({ type: 'admitted', generation: 0 });
    return hello;
  }

  /** Assigns a round of one slot. */
  assigns(phase: string): void {
    const input = { chain, checksum: parametersChecksum(parameters), step: 1, attempt: 0, phase };
    const identity = { run: 'r', step: 1, attempt: 0, phase, inputDigest: inputDigest(input) };
    const round = { ...identity, version: 0, slots: 1, sumsLength: 3, scalarsLength: 2 };
    this.says({ type: 'assign', generation: 1, round, blocks: [{ level: 0, index: 0 }] });
  }

  async close(): Promise<void> {
    this.#publisher.close();
    await this.#server?.close();
  }

  async *#publisherEvents(): AsyncGenerator<never> {}
}

/** A server with scripted services, for tests of the network layer alone. */
import { EventEmitter, once } from 'node:events';
import type { ContributeAck, ControlRequest, RunEvent, RunStatus, Submission, WireContribution, WorkerMessage } from '../src/messages.ts';
import { WireError } from '../src/errors.ts';
import type { ExchangeService } from '../src/exchange-server.ts';
import { ParameterPublisher } from '../src/parameter-publisher.ts';
import { serveWire } from '../src/server.ts';
import type { ServeOptions, WireServer } from '../src/server.ts';
import type { SessionPeer } from '../src/session-server.ts';

/** Emits 'peer', 'message' and 'closed'; tests wait for these. */
export class FakeCoordinator extends EventEmitter {
  readonly contributions: WireContribution[] = [];
  /** Gives the objects at addresses that begin with `late:`. */
  late: (digest: string) => Promise<Uint8Array> = () => Promise.reject(new WireError('NOT_FOUND', 'fetch: gone'));
  readonly objects = new Map<string, Uint8Array>();
  readonly follows: Parameters<ExchangeService['follow']>[0][] = [];
  readonly submissions: Submission[] = [];
  readonly wishes: ControlRequest[] = [];
  status: RunStatus = {
    run: 'known',
    directory: '/runs/x',
    state: 'paused',
    step: 7,
    steps: 100,
    term: 2,
    workers: [{ worker: 'w1', state: 'draining' }],
    engine: 'onnx-cpu',
  };
  refusal: ContributeAck | undefined;
  peer: SessionPeer | undefined;
  version = 0;
  parameters = new Float32Array(0);
  readonly publisher: ParameterPublisher = new ParameterPublisher({
    snapshot: () => ({
      version: this.version,
      chain: `c${this.version}`,
      parameters: this.parameters,
      state: Float32Array.of(0.5),
      previous: new Float32Array(0),
    }),
  });

  async listen(options: Partial<Pick<ServeOptions, 'port' | 'uploadBytes' | 'idleMs'>> = {}): Promise<WireServer> {
    return serveWire({
      host: '127.0.0.1',
      port: 0,
      ...options,
      session: {
        open: (peer) => {
          this.peer = peer;
          this.emit('peer', peer);
          return { message: (message: WorkerMessage) => this.emit('message', message), closed: (reason) => this.emit('closed', reason) };
        },
      },
      exchange: {
        admit: () => {
          this.emit('admitted');
          return this.refusal;
        },
        contribute: (contribution) => {
          this.contributions.push(contribution);
          return { result: 'accepted', detail: '' };
        },
        fetch: (digest) => {
          const object = this.objects.get(digest);
          if (digest.startsWith('late:')) return this.late(digest);
          if (!object) throw new WireError('NOT_FOUND', `fetch: expected a known object, got ${digest}`, 'ask for the welcome again');
          return object;
        },
        follow: (request) => {
          this.follows.push(request);
          return this.publisher;
        },
      },
      runs: {
        submit: async (submission) => {
          this.submissions.push(submission);
          return { runId: `run-${submission.bundle.length}`, directory: '/runs/x' };
        },
        watch: (_run, from) => countdown(from),
        control: async (request) => {
          if (request.run === 'other') throw new WireError('NOT_FOUND', `control: expected a run of this coordinator, got ${request.run}`);
          this.wishes.push(request);
          return { step: 8 };
        },
        get: async (run) => ({ ...this.status, run: run || this.status.run }),
      },
    });
  }

  async next(event: 'peer' | 'message' | 'closed'): Promise<unknown> {
    const [value] = (await once(this, event)) as [unknown];
    return value;
  }
}

async function* countdown(from: number): AsyncGenerator<RunEvent> {
  for (let sequence = from; sequence <= 1000; sequence++) {
    yield { sequence, type: sequence === 1000 ? 'run.finished' : 'evaluation', at: '2026-01-01T00:00:00.000Z', data: { step: sequence } };
  }
}

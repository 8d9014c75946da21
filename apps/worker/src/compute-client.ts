/**
 * The main thread's end of the compute thread: requests as promises. A program that fails on its inputs fails its own request; any other
 * failure is final, and every pending request rejects.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ComputeRequest, Contribution, Snapshot, StreamedUpdate } from '@geodesic/cluster';
import type { ComputeMessage, ComputeReply, ComputeThreadData } from './compute-messages.ts';
import { ComputeError } from './errors.ts';

/** How long a native call may go on when the thread is to end, ms. */
const END_MS = 500;

interface PendingRequest {
  readonly resolve: (reply: ComputeReply) => void;
  readonly reject: (error: Error) => void;
}

/** The thread's module. It is always the compiled one: tests that run from source find it in dist. */
function threadModule(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../dist/compute-thread.js' : './compute-thread.js', import.meta.url);
}

/** The module that exports createSlotComputer; tests of the cluster name another one in GEODESIC_SLOT_PROGRAM_MODULE. */
function programModule(): string {
  const path = process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
  return path === undefined ? new URL('slot-program.js', threadModule()).href : pathToFileURL(path).href;
}

/** A compute thread that is ready. */
export class ComputeClient {
  /** Everything that decides bits. */
  readonly fingerprint: Readonly<Record<string, string | number>>;
  readonly #thread: Worker;
  readonly #exited: Promise<void>;
  readonly #pending: PendingRequest[] = [];
  #failure: Error | undefined;
  #onSlots: ((slots: number) => void) | undefined;

  private constructor(thread: Worker, fingerprint: Readonly<Record<string, string | number>>) {
    this.#thread = thread;
    this.fingerprint = fingerprint;
    thread.on('message', (reply: ComputeReply) => this.#settle(reply));
    thread.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => thread.once('exit', () => resolve()));
    thread.on('exit', (code) => this.#fail(new Error(`compute thread: expected it to run, got its exit with code ${code}`)));
  }

  /** Starts a thread and prepares the bundle in it. @throws what is wrong with the bundle or the engine */
  static async start(bundle: Uint8Array): Promise<ComputeClient> {
    const data: ComputeThreadData = { bundle, program: programModule() };
    // Compiled code, whatever resolution conditions or loaders this process was started with.
    const thread = new Worker(threadModule(), { workerData: data, execArgv: ['--enable-source-maps'] });
    const reply = await new Promise<ComputeReply>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
    thread.removeAllListeners('error');
    if (reply.type === 'ready') return new ComputeClient(thread, reply.fingerprint);
    await thread.terminate();
    throw new Error(reply.type === 'failed' ? reply.message : `compute thread: expected ready, got ${reply.type}`);
  }

  /** Replaces the parameters; their memory goes to the thread. Returns the checksum of what is held. */
  load({ version, parameters, state, previous }: Snapshot & { readonly version: number }): Promise<string> {
    return this.#holds({ type: 'load', version, snapshot: { parameters, state, previous } }, [parameters, state, previous]);
  }

  /** Applies an update, whose memory goes to the thread. Returns the checksum of what is held. */
  apply(version: number, update: StreamedUpdate): Promise<string> {
    const { state } = update;
    if ('combination' in update)
      return this.#holds({ type: 'apply', version, update: { combination: update.combination, state } }, [state]);
    const { delta } = update;
    return this.#holds({ type: 'apply', version, update: { delta, state } }, [delta, state]);
  }

  /** Gives a vector to the thread, with its memory, before later requests name it. */
  hold(digest: string, vector: Float32Array): void {
    this.#post({ type: 'hold', digest, vector }, [vector.buffer as ArrayBuffer]);
  }

  /** Has the thread forget a vector that no later request names. */
  release(digest: string): void {
    this.#post({ type: 'release', digest }, []);
  }

  /**
   * Computes a block on the parameters of `version`; undefined when they have moved on before its turn.
   * @param onSlots is told of slots of the block as they are done, now and then
   * @throws {ComputeError} of fault `program` for this request alone
   */
  async compute(version: number, request: ComputeRequest, onSlots?: (slots: number) => void): Promise<Contribution | undefined> {
    this.#onSlots = onSlots;
    const reply = await this.#request({ type: 'compute', version, request }, []);
    return reply.type === 'computed' ? reply.contribution : undefined;
  }

  /** Ends the thread between two native calls, or after half a second wherever it is; pending requests reject. */
  async close(): Promise<void> {
    this.#post({ type: 'end' }, []);
    const patience = new AbortController();
    const late = delay(END_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([this.#exited, late]);
    patience.abort();
    await this.#thread.terminate();
  }

  async #holds(message: ComputeMessage, arrays: readonly Float32Array[]): Promise<string> {
    // The two arrays of a received frame share one buffer.
    const transfer = [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
    const reply = await this.#request(message, transfer);
    if (reply.type === 'holds') return reply.checksum;
    throw new Error(`compute thread: expected a checksum, got ${reply.type}`);
  }

  #request(message: ComputeMessage, transfer: ArrayBuffer[]): Promise<ComputeReply> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#post(message, transfer);
    });
  }

  #post(message: ComputeMessage, transfer: ArrayBuffer[]): void {
    this.#thread.postMessage(message, transfer);
  }

  #settle(reply: ComputeReply): void {
    if (reply.type === 'progress') this.#onSlots?.(reply.slots);
    else if (reply.type === 'failed') {
      const error = new ComputeError(reply.message, reply.fault);
      if (reply.fault === 'program') this.#pending.shift()?.reject(error);
      else this.#fail(error);
    } else this.#pending.shift()?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}

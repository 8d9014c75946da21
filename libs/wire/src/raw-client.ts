/**
 * A gRPC channel that sends and receives bytes, with the three shapes of call that this library uses. Every call has an
 * error listener from the start: grpc-js emits errors on the stream object besides the callback.
 */
import { Client, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientReadableStream, ClientWritableStream } from '@grpc/grpc-js';
import { channelOptions, parseAddress, plaintext, UNARY_DEADLINE_MS } from './channel.ts';
import { WireError } from './errors.ts';
import { IdleTimer } from './idle-timer.ts';
import type { RawMethod } from './methods.ts';
import { fromServiceError } from './status.ts';

const ignore = (): void => {};

/** One channel to one address. Connects on the first call; cheap to create. */
export class RawClient {
  readonly address: string;
  readonly #client: Client;
  readonly #bulk = new Set<{ cancel(): void }>();

  /** @throws {WireError} INVALID for a malformed address */
  constructor(address: string) {
    this.address = parseAddress(address);
    this.#client = new Client(this.address, plaintext(), channelOptions);
  }

  /** One small message each way. @throws {WireError} */
  unary(method: RawMethod, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + UNARY_DEADLINE_MS };
      const answer = this.#answer(method, resolve, reject);
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        options,
        answer,
      );
      call.on('error', ignore);
    });
  }

  /**
   * A stream up, one answer, which may come before the stream has ended. `start` gets the stream to write to and tells of every write:
   * the call is over when nothing was written, and no answer came, for `idleMs`.
   * @throws {WireError}
   */
  upload(
    method: RawMethod,
    { idleMs, start }: { idleMs: number; start: (call: ClientWritableStream<Buffer>, written: () => void) => void },
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const settled = this.#answer(method, resolve, reject);
      const answer = (error: Error | null, bytes?: Buffer): void => {
        timer.stop();
        this.#bulk.delete(call);
        settled(error, bytes);
      };
      const call = this.#client.makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        new Metadata(),
        answer,
      );
      const timer = new IdleTimer(idleMs, () => {
        reject(this.#idle(method, idleMs));
        call.cancel();
      });
      call.on('error', ignore);
      this.#bulk.add(call);
      start(call, () => timer.touch());
    });
  }

  /**
   * A stream down, read at the pace of the consumer. Ends quietly when `signal` aborts; leaving the loop cancels the call.
   * @param options.idleMs how long to wait for the next message, asked before each; undefined: for ever
   * @throws {WireError} from the iteration
   */
  async *download(
    method: RawMethod,
    request: Buffer,
    options: { signal?: AbortSignal; idleMs?: () => number | undefined } = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    const { signal } = options;
    const call: ClientReadableStream<Buffer> = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    );
    call.on('error', ignore);
    this.#bulk.add(call);
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    let idle: WireError | undefined;
    const wait = (): IdleTimer | undefined => {
      const ms = options.idleMs?.();
      if (ms === undefined) return undefined;
      return new IdleTimer(ms, () => {
        idle = this.#idle(method, ms);
        cancel();
      });
    };
    let timer = wait();
    try {
      for await (const bytes of call) {
        timer?.stop();
        yield bytes as Buffer;
        timer = wait();
      }
    } catch (error) {
      if (signal?.aborted !== true) throw idle ?? fromServiceError(error, this.#name(method));
    } finally {
      timer?.stop();
      this.#bulk.delete(call);
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** A stream both ways. */
  duplex(method: RawMethod): ClientDuplexStream<Buffer, Buffer> {
    const call = this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
    call.on('error', ignore);
    return call;
  }

  /** Ends the connection once the calls under way are over. */
  close(): void {
    this.#client.close();
  }

  /** Ends the connection and the transfers under way, which fail as UNREACHABLE. */
  abandon(): void {
    for (const call of this.#bulk) call.cancel();
    this.#client.close();
  }

  #answer(
    method: RawMethod,
    resolve: (bytes: Buffer) => void,
    reject: (error: WireError) => void,
  ): (error: Error | null, bytes?: Buffer) => void {
    return (error, bytes) => {
      if (error) reject(fromServiceError(error, this.#name(method)));
      else if (bytes) resolve(bytes);
      else reject(new WireError('INTERNAL', `${this.#name(method)}: expected an answer, got none`));
    };
  }

  #idle(method: RawMethod, ms: number): WireError {
    return new WireError('DEADLINE', `${this.#name(method)}: expected progress within ${ms} ms, got none`, 'try again');
  }

  #name(method: RawMethod): string {
    return `${method.path.slice(method.path.lastIndexOf('.') + 1)} at ${this.address}`;
  }
}

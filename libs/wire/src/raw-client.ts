/**
 * A gRPC channel that sends and receives bytes, with the three shapes of call that this library uses. Every call has an
 * error listener from the start: grpc-js emits errors on the stream object besides the callback.
 */
import { Client, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientReadableStream, ClientWritableStream } from '@grpc/grpc-js';
import { channelOptions, parseAddress, plaintext, UNARY_DEADLINE_MS } from './channel.ts';
import { WireError } from './errors.ts';
import type { RawMethod } from './methods.ts';
import { fromServiceError } from './status.ts';

const ignore = (): void => {};

/** One channel to one address. Connects on the first call; cheap to create. */
export class RawClient {
  readonly address: string;
  readonly #client: Client;

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

  /** A stream up, one answer; `start` gets the stream to write to. The answer may come before the stream has ended. @throws {WireError} */
  upload(method: RawMethod, deadlineMs: number, start: (call: ClientWritableStream<Buffer>) => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      const answer = this.#answer(method, resolve, reject);
      const call = this.#client.makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        new Metadata(),
        options,
        answer,
      );
      call.on('error', ignore);
      start(call);
    });
  }

  /**
   * A stream down, read at the pace of the consumer. Ends quietly when `signal` aborts; leaving the loop cancels the call.
   * @throws {WireError} from the iteration
   */
  async *download(method: RawMethod, request: Buffer, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const call: ClientReadableStream<Buffer> = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    );
    call.on('error', ignore);
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    try {
      for await (const bytes of call) yield bytes as Buffer;
    } catch (error) {
      if (signal?.aborted !== true) throw fromServiceError(error, this.#name(method));
    } finally {
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

  #name(method: RawMethod): string {
    return `${method.path.slice(method.path.lastIndexOf('.') + 1)} at ${this.address}`;
  }
}

/** The copies of all commit logs of a cluster, in the order in which their records were stored. */
import { EventsError } from './errors.ts';
import type { LogMirrorReader, StoredRecord } from './log-mirror.ts';
import type { NatsClient } from './nats-client.ts';
import { recordOf } from './nats-log-record.ts';
import { readStream } from './read-stream.ts';
import { commitStream, commitSubjects } from './subjects.ts';

/** What a reader does besides. */
export interface NatsLogMirrorReaderOptions {
  /** Called for every message that is no record; it is skipped. */
  readonly onInvalid?: (error: EventsError) => void;
}

/** Reads on behind the last record after whatever happens to the server (read-stream.ts). */
export class NatsLogMirrorReader implements LogMirrorReader {
  readonly #client: NatsClient;
  readonly #options: NatsLogMirrorReaderOptions;

  constructor(client: NatsClient, options: NatsLogMirrorReaderOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  async *follow({
    after = 0,
    untilNow = false,
    signal,
  }: {
    readonly after?: number;
    readonly untilNow?: boolean;
    readonly signal: AbortSignal;
  }): AsyncGenerator<StoredRecord, void, undefined> {
    const { cluster } = this.#client.options;
    const messages = readStream(this.#client, {
      stream: commitStream(cluster),
      filter: commitSubjects(cluster),
      after,
      untilNow,
      signal,
    });
    for await (const message of messages) {
      const { subject, position, data } = message;
      try {
        yield recordOf({ subject, position, data, header: (name) => message.header(name) });
      } catch (error) {
        if (!(error instanceof EventsError) || error.code !== 'INVALID') throw error;
        this.#options.onInvalid?.(error);
      }
    }
  }
}

/**
 * The copy of a run's commit log in JetStream. Every record names the place of the one before it, and the server refuses a record whose
 * predecessor is not the last any more: that decides who leads. What is read before is only where to begin.
 */
import { EventsError } from './errors.ts';
import type { LogMirror, MirroredRecord, StoredRecord } from './log-mirror.ts';
import type { NatsClient } from './nats-client.ts';
import { apiCodeOf, isNoResponders, isStreamNotFound } from './nats-errors.ts';
import { headersOf, recordOf } from './nats-log-record.ts';
import { natsOperation } from './nats-operation.ts';
import { ensureStreams } from './streams.ts';
import { commitStream, commitSubject } from './subjects.ts';

/** An answer that does not come in this time is taken as none, ms. */
const ACK_MS = 3000;
const NO_MESSAGE = 10037;

/** See the file's comment. Limitations: a record and its headers must fit into a message (1 MiB by default). */
export class NatsLogMirror implements LogMirror {
  readonly #client: NatsClient;
  readonly #stream: string;
  readonly #subject: string;
  /** What was last; `record` undefined: nothing. Undefined while that is not known. */
  #seen: { readonly record: StoredRecord | undefined } | undefined;

  /** @throws {EventsError} OPTIONS when the run's name cannot be part of a subject */
  constructor(client: NatsClient, run: string) {
    this.#client = client;
    this.#stream = commitStream(client.options.cluster);
    this.#subject = commitSubject(client.options.cluster, run);
  }

  async append(record: MirroredRecord): Promise<void> {
    const before = this.#seen ? this.#seen.record : await this.last();
    if (before?.hash === record.hash) return;
    if (before ? before.hash !== record.previous : record.sequence !== 0) throw this.#fenced(record, before);
    this.#seen = undefined; // until the answer is there
    try {
      const position = await this.#send(record, before?.position ?? 0);
      const { hash, previous, sequence, term, bytes } = record;
      this.#seen = {
        record: { run: this.#subject.slice(this.#subject.lastIndexOf('.') + 1), position, sequence, hash, previous, term, bytes },
      };
    } catch (error) {
      if (!(error instanceof EventsError) || error.code !== 'FENCED') throw error;
      // Another leader's record, or this one, the answer to which was lost.
      const last = await this.last();
      if (last?.hash !== record.hash) throw this.#fenced(record, last, error);
    }
  }

  async last(): Promise<StoredRecord | undefined> {
    this.#seen = undefined;
    const record = await this.#read();
    this.#seen = { record };
    return record;
  }

  async #send(record: MirroredRecord, lastSubjectSequence: number): Promise<number> {
    const send = async (): Promise<number> => {
      const expect = { streamName: this.#stream, lastSubjectSequence };
      const options = { headers: headersOf(record), expect, timeout: ACK_MS };
      return (await natsOperation(this.#client, this.#subject, () => this.#client.jetstream.publish(this.#subject, record.bytes, options)))
        .seq;
    };
    try {
      return await send();
    } catch (error) {
      // No stream takes it: none was made yet, or the server has lost its data.
      if (!isNoResponders(error)) throw error;
      await ensureStreams(this.#client, { ha: true });
      return send();
    }
  }

  /** From the stream's leader: other servers' copies may be behind. */
  async #read(): Promise<StoredRecord | undefined> {
    try {
      const query = { last_by_subj: this.#subject };
      const found = await natsOperation(this.#client, this.#subject, () => this.#client.manager.streams.getMessage(this.#stream, query));
      if (found === null) return undefined;
      const { subject, seq: position, data, header } = found;
      return recordOf({ subject, position, data, header: (name) => header?.get(name) });
    } catch (error) {
      if (isStreamNotFound(error) || apiCodeOf(error) === NO_MESSAGE) return undefined;
      throw error;
    }
  }

  #fenced({ sequence, term }: MirroredRecord, found: StoredRecord | undefined, cause?: EventsError): EventsError {
    return new EventsError('FENCED', {
      what: this.#subject,
      expected: `to append record ${sequence} of term ${term} behind the one before it`,
      got: found ? `record ${found.sequence} of term ${found.term} as the last one` : 'a copy that is empty',
      hint: 'another coordinator has written, or the copy lacks records: look at its last one',
      ...(cause && { cause }),
    });
  }
}

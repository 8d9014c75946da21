/** A record of a commit log as a message of NATS: the bytes as they are, and its place in the chain in headers. */
import { headers } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { MirroredRecord, StoredRecord } from './log-mirror.ts';
import { runOfCommitSubject } from './subjects.ts';

/** A message with a record, as it is stored. */
export interface RecordMessage {
  readonly subject: string;
  readonly position: number;
  readonly data: Uint8Array;
  readonly header: (name: string) => string | undefined;
}

/** The headers of a record. */
export function headersOf({ sequence, hash, previous, term }: MirroredRecord): MsgHdrs {
  const fields = headers();
  fields.set('Gd-Sequence', `${sequence}`);
  fields.set('Gd-Hash', hash);
  fields.set('Gd-Previous', previous);
  fields.set('Gd-Term', `${term}`);
  return fields;
}

/** The record of a message; its bytes are a copy. @throws {EventsError} INVALID when it is none */
export function recordOf({ subject, position, data, header }: RecordMessage): StoredRecord {
  const [sequence, term] = [header('Gd-Sequence'), header('Gd-Term')].map((text) => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : NaN));
  const [hash, previous] = [header('Gd-Hash') ?? '', header('Gd-Previous') ?? ''];
  const isSound = [sequence, term].every(Number.isSafeInteger) && [hash, previous].every((text) => /^[0-9a-f]{64}$/.test(text));
  if (!isSound)
    throw new EventsError('INVALID', {
      what: `message ${position} of ${subject}`,
      expected: 'a record of a commit log, with the headers Gd-Sequence, Gd-Hash, Gd-Previous and Gd-Term',
      got: `sequence ${header('Gd-Sequence')}, term ${header('Gd-Term')}, hash ${hash || undefined}`,
      hint: 'let nobody but coordinators publish there (see infra/nats)',
    });
  return { run: runOfCommitSubject(subject), position, sequence, hash, previous, term, bytes: Uint8Array.from(data) };
}

/** Records to copy; what is in them does not matter. */
import { createHash } from 'node:crypto';
import { EventsError } from '../src/index.ts';
import type { MirroredRecord, NatsClient, NatsLogMirror } from '../src/index.ts';

/** A record that goes on behind another one. */
export function recordOf(sequence: number, term: number, previous: string = '0'.repeat(64)): MirroredRecord {
  const bytes = Buffer.from(`record ${sequence} of ${term}`);
  return { sequence, term, previous, hash: createHash('sha256').update(previous).update(bytes).digest('hex'), bytes };
}

/** Records of term 1, one behind the other. */
export function chainOf(length: number): readonly MirroredRecord[] {
  const records: MirroredRecord[] = [];
  for (let sequence = 0; sequence < length; sequence++) records.push(recordOf(sequence, 1, records.at(-1)?.hash));
  return records;
}

/** Appends as a queue does: again after every answer that is missing. */
export async function appendAtLast(mirror: NatsLogMirror, client: NatsClient, record: MirroredRecord): Promise<void> {
  for (;;) {
    try {
      return await mirror.append(record);
    } catch (error) {
      if (!(error instanceof EventsError) || error.code !== 'UNREACHABLE') throw error;
      await client.connected();
    }
  }
}

/** A message as a consumer of a stream gets it. Its place stands in the subject for answers, `$JS.ACK....`. */
import type { Msg } from '@nats-io/transport-node';

/** A message of a stream and its place. */
export interface StreamMessage {
  readonly subject: string;
  /** In the stream, from 1, ascending. */
  readonly position: number;
  /** Messages that the consumer has still to give when it gave this one. */
  readonly pending: number;
  /** A view of the buffer that was received: copy it to keep it for long. Empty where only headers were asked for. */
  readonly data: Uint8Array;
  /** A header's value; undefined when it is not there. */
  header(name: string): string | undefined;
}

/** A message with its place in the consumer: a gap there is a message that was lost on the way. */
export interface DeliveredMessage extends StreamMessage {
  readonly delivery: number;
}

/** Reads a delivered message; undefined for what is none. */
export function deliveredMessage(message: Msg): DeliveredMessage | undefined {
  // $JS.ACK.<stream>.<consumer>.<delivered>.<position>.<delivery>.<time>.<pending>, newer servers <domain>.<account> after ACK and more behind.
  const tokens = message.reply?.split('.') ?? [];
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const at = tokens.length === 9 ? 5 : 7;
  const [position, delivery, , pending] = tokens.slice(at, at + 4).map(Number);
  if (![position, delivery, pending].every(Number.isSafeInteger)) return undefined;
  return { subject: message.subject, position, delivery, pending, data: message.data, header: (name) => headerOf(message, name) };
}

/** A header of a message that was received, whatever it is for. */
export function headerOf(message: Msg, name: string): string | undefined {
  const value = message.headers?.get(name) ?? '';
  return value === '' ? undefined : value;
}

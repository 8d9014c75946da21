/**
 * An object in parts: every part is a message that says how many bytes and parts the object has, so whoever has the first knows the rest.
 * Bytes are what they are called: nothing leaves here whose sha256 is not its name.
 */
import { webcrypto } from 'node:crypto';
import { EventsError } from './errors.ts';
import type { Digest } from './object-channel.ts';

/** Header: bytes of the whole object. */
export const BYTES_HEADER = 'Gd-Bytes';
/** Header: number of its parts, from 1. */
export const PARTS_HEADER = 'Gd-Parts';

/** Of a part; the last is shorter. */
const PART_BYTES = 512 * 1024;
/** Kept free of a message for its headers. */
const HEADER_ROOM = 1_024;
const SMALLEST_PART = 1_024;
const PREFIX = 'sha256:';

/** Bytes of a part where a server takes messages of `maxPayload` bytes. */
export function partBytesFor(maxPayload: number): number {
  return Math.max(SMALLEST_PART, Math.min(PART_BYTES, maxPayload - HEADER_ROOM));
}

/** How many parts an object has; an empty one has one. */
export function partsOf(bytes: number, partBytes: number): number {
  return Math.max(1, Math.ceil(bytes / partBytes));
}

/** The 64 hex digits of a digest. @throws {EventsError} INVALID */
export function hexOf(digest: Digest): string {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest.slice(PREFIX.length);
  throw new EventsError('INVALID', {
    what: 'digest',
    expected: 'sha256: and 64 hex digits',
    got: digest.slice(0, 80),
    hint: 'names of objects stand in manifests and events',
  });
}

/** The digest of 64 hex digits. */
export function digestOf(hex: string): Digest {
  return `${PREFIX}${hex}`;
}

/** Whether bytes are those of a name. Hashed beside the main thread. */
export async function isObject(hex: string, bytes: Uint8Array): Promise<boolean> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex') === hex;
}

/** What the headers of a part say. */
export interface PartShape {
  readonly bytes: number;
  readonly parts: number;
}

/** Reads the headers of a part; undefined when it is none of ours. */
export function readPartShape(header: (name: string) => string | undefined): PartShape | undefined {
  const [bytes, parts] = [header(BYTES_HEADER), header(PARTS_HEADER)].map((text) =>
    /^[0-9]{1,15}$/.test(text ?? '') ? Number(text) : NaN,
  );
  return Number.isSafeInteger(bytes) && Number.isSafeInteger(parts) && parts >= 1 && parts <= Math.max(1, bytes)
    ? { bytes, parts }
    : undefined;
}

/** Puts the parts of one object together. Holds only what was received, whatever the headers claim. */
export class PartAssembly {
  readonly #parts = new Map<number, Uint8Array>();
  #shape: PartShape | undefined;

  /** Takes a part; one that was stored anew replaces the old. Whether the object is whole now. */
  add(part: number, shape: PartShape, data: Uint8Array): boolean {
    // Parts of another size are of another writer, who has stored the object anew: what was there is replaced, too.
    if (this.#shape !== undefined && (this.#shape.bytes !== shape.bytes || this.#shape.parts !== shape.parts)) this.#parts.clear();
    this.#shape = shape;
    if (part >= shape.parts) return false;
    this.#parts.set(part, data);
    return this.#parts.size === shape.parts;
  }

  /** The bytes of a whole object in a buffer of its own; undefined when they are not as many as its headers say. */
  bytes(): Uint8Array | undefined {
    const length = [...this.#parts.values()].reduce((sum, data) => sum + data.length, 0);
    if (length !== this.#shape?.bytes) return undefined;
    // Of its own, and not zeroed first: every byte is written.
    const whole = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let at = 0;
    for (let part = 0; part < this.#shape.parts; part += 1) {
      const data = this.#parts.get(part)!;
      whole.set(data, at);
      at += data.length;
    }
    return whole;
  }
}

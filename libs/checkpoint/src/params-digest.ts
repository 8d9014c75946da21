/**
 * The digest of a model's parameters: sha256 over the concatenated 32-byte sha256s of each tensor's bytes, in layout order.
 * A tensor's bytes are its float32 values, row-major, little-endian. Hashing tensor by tensor lets one be checked without the others.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Layout } from '@geodesic/tensor';

/** Bytes that are hashed before others get a turn. */
const TURN_BYTES = 1 << 20;

/**
 * `sha256:<hex>` of the flat parameters [layout.size]; names and shapes do not enter, the order of the tensors does. 1 to 3 ms a MiB.
 * @throws {RangeError} when the parameters are not of the layout's size
 */
export function paramsDigest(layout: Layout, parameters: Float32Array): string {
  const pieces = digestPieces(layout, parameters);
  for (;;) {
    const next = pieces.next();
    if (next.done === true) return next.value;
  }
}

/**
 * The same digest, giving others a turn after every MiB: for an owner of a copy, since the parameters must not change meanwhile.
 * @throws {RangeError} as {@link paramsDigest}
 */
export async function paramsDigestInTurns(layout: Layout, parameters: Float32Array): Promise<string> {
  const pieces = digestPieces(layout, parameters);
  for (let bytes = 0; ;) {
    const next = pieces.next();
    if (next.done === true) return next.value;
    bytes += next.value;
    if (bytes < TURN_BYTES) continue;
    bytes = 0;
    await nextTurn();
  }
}

/** Hashes piece by piece, saying the bytes of each. */
function* digestPieces(layout: Layout, parameters: Float32Array): Generator<number, string> {
  if (parameters.length !== layout.size) {
    throw new RangeError(`paramsDigest: expected ${layout.size} parameters, got ${parameters.length} (is this the layout of this model?)`);
  }
  const whole = createHash('sha256');
  for (const { offset, size } of layout.entries) {
    const values = parameters.subarray(offset, offset + size);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor = createHash('sha256');
    for (let begin = 0; begin < bytes.length; begin += TURN_BYTES) {
      const piece = bytes.subarray(begin, begin + TURN_BYTES);
      tensor.update(piece);
      yield piece.length;
    }
    whole.update(tensor.digest());
  }
  return `sha256:${whole.digest('hex')}`;
}

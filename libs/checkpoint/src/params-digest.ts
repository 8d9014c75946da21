/**
 * The digest of a model's parameters: sha256 over the concatenated 32-byte sha256s of each tensor's bytes, in layout order.
 * A tensor's bytes are its float32 values, row-major, little-endian. Hashing tensor by tensor lets one be checked without the others.
 */
import { createHash } from 'node:crypto';
import type { Layout } from '@geodesic/tensor';

/**
 * `sha256:<hex>` of the flat parameters [layout.size]; names and shapes do not enter, the order of the tensors does.
 * @throws {RangeError} when the parameters are not of the layout's size
 */
export function paramsDigest(layout: Layout, parameters: Float32Array): string {
  if (parameters.length !== layout.size) {
    throw new RangeError(`paramsDigest: expected ${layout.size} parameters, got ${parameters.length} (is this the layout of this model?)`);
  }
  const whole = createHash('sha256');
  for (const { offset, size } of layout.entries) {
    const tensor = parameters.subarray(offset, offset + size);
    whole.update(
      createHash('sha256')
        .update(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength))
        .digest(),
    );
  }
  return `sha256:${whole.digest('hex')}`;
}

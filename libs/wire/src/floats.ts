/**
 * Float32 arrays as bytes and back without copying. The wire is little-endian; so is every platform that Node supports
 * with a prebuilt ONNX Runtime, and the fingerprint would refuse a worker of the other kind.
 */

/** The bytes of an array, sharing its memory. */
export function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** The floats in bytes that start at a multiple of 4, sharing their memory. */
export function floatsOf(bytes: Uint8Array<ArrayBuffer>, from: number, length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes.buffer, bytes.byteOffset + from * 4, length);
}

/** The arrays after each other, as new bytes. */
export function packFloats(...arrays: readonly Float32Array[]): Uint8Array {
  const packed = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    packed.set(array, offset);
    offset += array.length;
  }
  return bytesOf(packed);
}

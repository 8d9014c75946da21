/** Bytes like those of a checkpoint: float32 numbers about zero, which no compression or repetition makes smaller. */

/** `length` bytes, a multiple of 4, of a seed. */
export function checkpointBytes(length, seed) {
  const floats = new Float32Array(length / 4);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < floats.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    floats[index] = ((state >>> 0) / 2 ** 32 - 0.5) * 0.1;
  }
  return new Uint8Array(floats.buffer);
}

/**
 * The worker's side of a controlled run: a slot takes `slotMs` of waiting, not of computing, so that a step's length does not depend on what
 * else the machine does, and what is told apart from it is the coordinator's and the network's. Its sums are exact in any order. A bundle with
 * `checksums: false` has the parameters updated without the checksum of the result, for what that costs.
 */
import { applyUpdate, parametersChecksum } from '../../../libs/cluster/dist/index.js';

const rowsOfSlot = 16;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** What parameters without checksums have in place of one. */
export const noChecksum = '0'.repeat(16);

/** theta += delta, and nothing else. */
export function addUpdate(parameters, delta) {
  for (let i = 0; i < delta.length; i++) parameters[i] += delta[i];
  return noChecksum;
}

/** The computer of a bundle, as a worker's compute thread asks for it. */
export async function createSlotComputer(bytes) {
  const { parameters: size, slotMs, checksums = true } = JSON.parse(new TextDecoder().decode(bytes));
  const apply = checksums ? applyUpdate : addUpdate;
  const ofSlot = Float32Array.from({ length: size }, (_, i) => (i % 31) - 15);
  let held;
  return {
    fingerprint: { executor: 'controlled' },
    load({ parameters }) {
      held = parameters.slice();
      return checksums ? parametersChecksum(held) : noChecksum;
    },
    apply: ({ delta }) => apply(held, delta),
    hold: () => undefined,
    release: () => undefined,
    async compute({ block }, onSlots) {
      const slots = 2 ** block.level;
      const started = performance.now();
      const sums = ofSlot.slice();
      if (slots > 1) for (let i = 0; i < size; i++) sums[i] *= slots;
      for (let slot = 1; slot <= slots; slot++) {
        const left = slot * slotMs - (performance.now() - started);
        if (left > 0) Atomics.wait(sleeper, 0, 0, left);
        onSlots?.(1);
      }
      return { block, count: rowsOfSlot * slots, scalars: Float64Array.of(rowsOfSlot * slots), sums };
    },
  };
}

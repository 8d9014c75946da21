/** What the digests of an update cost one process, apart from any run: ms. */
import { performance } from 'node:perf_hooks';
import { applyUpdate, chunkCrcs, nextChain } from '../../libs/cluster/dist/index.js';
import { addUpdate } from '../shared/controlled-run/slot-program.mjs';
import { median, significant } from '../shared/statistics.mjs';

const rounds = 5;

/** ms of the chain (CRC-32 of every chunk, SHA-256 over these), and of an update applied with and without the checksum of its result. */
export function digestCost(length) {
  const parameters = Float32Array.from({ length }, (_, i) => (i % 97) / 97);
  const delta = new Float32Array(length).fill(1e-3);
  const bytes = new Uint8Array(delta.buffer);
  const ways = {
    chain: () => nextChain('0'.repeat(64), 1, chunkCrcs(bytes)),
    applyChecked: () => applyUpdate(parameters, delta),
    applyPlain: () => addUpdate(parameters, delta),
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      const started = performance.now();
      way();
      if (round >= 0) times[name].push(performance.now() - started);
    }
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [`${name}Ms`, significant(median(ms), 3)]));
}

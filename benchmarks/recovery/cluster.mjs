/** A local cluster, as `geo run` has it, with a controlled run: whoever dies is started again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalCluster } from '../../apps/cli/dist/cluster/local-cluster.js';
import { clusterPrograms } from '../../apps/cli/dist/cluster/programs.js';
import { connectToRun } from '../../apps/cli/dist/run-connection.js';
import { controlledBundle } from '../shared/controlled-run/trainer.mjs';

const module = (name) => fileURLToPath(new URL(`../shared/controlled-run/${name}.mjs`, import.meta.url));

/**
 * Trains to the end; `onEvent(event, cluster)` hears every event as it comes.
 * @returns the events as the coordinators have written them, with `ms` since the epoch
 */
export async function trainUnderFaults({ spec, workers, runs, onEvent }) {
  process.env.GEODESIC_TRAINER_MODULE = module('trainer');
  process.env.GEODESIC_SLOT_PROGRAM_MODULE = module('slot-program');
  const guard = new AbortController();
  const cluster = await startLocalCluster({
    programs: clusterPrograms(),
    runsFolder: runs,
    port: 0,
    maxRestarts: 1000,
    onNotice: () => undefined,
    signal: guard.signal,
  });
  const connection = connectToRun(cluster.address);
  try {
    const place = await connection.submit({ bundle: controlledBundle(spec) });
    cluster.belongTo(place);
    cluster.scale(workers);
    const finished = connection.watchToEnd((event) => onEvent(event, cluster, place));
    await Promise.race([finished, cluster.failed]);
    cluster.expectEnd();
    const text = await readFile(join(place.directory, 'events.ndjson'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((event) => ({ ...event, ms: Date.parse(event.at) }));
  } finally {
    connection.close();
    await cluster.stop({ graceMs: 2000, termMs: 2000 });
  }
}

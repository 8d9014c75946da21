/** A new run: everything that record 0 vouches for (spec, bundle, the first checkpoint) is durable before the record, and the record before the run. */
import { contentDigest } from '@geodesic/checkpoint';
import { LOG_FORMAT } from '@geodesic/cluster';
import { CommitLog, createRunFolder } from '@geodesic/run-store';
import type { ForkPoint } from './fork-point.ts';
import { HostedRun } from './hosted-run.ts';
import { newLeader, openParts, openStore } from './run-parts.ts';
import type { LearningSide, RunSurroundings } from './run-parts.ts';
import { RunStorage } from './run-storage.ts';

/**
 * Accepts a run. A disk that fails is not waited for: whoever submits is told at once.
 * @param fork where its parameters come from, and its trainer stands; default: from the seed
 */
export async function createRun(
  options: RunSurroundings & LearningSide & { readonly fork?: ForkPoint | undefined; readonly hasFreshOptimizer: boolean },
): Promise<HostedRun> {
  const { runs, bundle, meta, logger, fork } = options;
  const { name, spec, specDigest, seed, engine, exactness } = meta;
  const folder = await createRunFolder({ runs, name, spec, bundle, now: new Date() });
  const storage = new RunStorage(folder.runId, logger);
  const store = openStore(folder);
  const runArtery = options.artery?.openRun({ folder, store, bundle });
  const { replica } = runArtery ?? {};
  const log = await CommitLog.create(folder, { guard: storage.guard, ...(replica && { replica }) });
  const step = fork?.parent.step ?? 0;
  const start = { step, checkpoints: [], usesJournal: true, ...(fork && { position: fork.positionFor(meta) }) };
  const rest = { folder, log, leader: newLeader(), storage, store, start, past: { mayRebase: false }, ...(runArtery && { runArtery }) };
  const parts = await openParts({ ...options, ...rest });
  const { checkpoints, committed, reporter, events } = parts;
  await checkpoints.write(checkpoints.capture(step), { waits: false });
  try {
    await runArtery?.secure(step);
  } catch (error) {
    await Promise.all([log.close(), events.close(), reporter.close(), runArtery?.close(0)]);
    throw error;
  }
  const { version, chain, checksum } = committed.position;
  const origin = fork && { step, version, parent: fork.parent };
  const what = { format: LOG_FORMAT, run: folder.runId, specDigest, bundleDigest: contentDigest(bundle), seed, engine };
  await log.append({ type: 'run', ...what, chain, checksum, ...(exactness === 'relaxed' && { exactness }), ...origin });
  const parent = fork && { parent: fork.parent, ...(options.hasFreshOptimizer && { optimizer: 'fresh' }) };
  reporter.accepted({ bundle: what.bundleDigest, ...parent });
  runArtery?.begin(events);
  return new HostedRun(parts);
}

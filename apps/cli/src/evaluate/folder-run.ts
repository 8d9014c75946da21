/** A run folder as an evaluator reads it: the bundle that record 0 of the log vouches for, and the checkpoints that are there. */
import { CheckpointError, CheckpointStore, contentDigest } from '@geodesic/checkpoint';
import { typeOf, type EventFeed } from '../artery/event-feed.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { withoutCheckpoint } from '../run-folders/checkpoint-failure.ts';
import type { FoundRun } from '../run-folders/find-run.ts';
import { readRun } from '../run-folders/read-run.ts';
import { readNumber, readText } from '../view/event-fields.ts';
import type { Announcement } from './checkpoint-access.ts';
import type { EvaluatedRun } from './evaluated-run.ts';

/**
 * Opens a run folder.
 * @param feed its events
 * @throws {CliError} RUN_MISSING or RUN_DAMAGED
 */
export async function openFolderRun(found: FoundRun, feed: EventFeed): Promise<EvaluatedRun> {
  const { folder, view, bytes } = await readRun(found);
  const digest = contentDigest(bytes);
  if (digest !== view.run.bundleDigest) throw otherBundle(found, { expected: view.run.bundleDigest, got: digest });
  const store = new CheckpointStore(folder.checkpoints);
  const logged = view.fingerprint?.fingerprint;
  return {
    run: found.runId,
    bundle: bytes,
    ...(logged && { compute: logged }),
    access: { read: ({ step }) => store.read(step) },
    async newest(from) {
      try {
        return { step: from ?? (await store.newestGood()).step };
      } catch (error) {
        throw error instanceof CheckpointError ? await withoutCheckpoint(found.runId, store, error) : error;
      }
    },
    announcements: (signal) => written(feed, signal),
    failure: async (error) => (error instanceof CheckpointError ? withoutCheckpoint(found.runId, store, error) : error),
  };
}

async function* written(feed: EventFeed, signal: AbortSignal): AsyncGenerator<Announcement, void> {
  for await (const event of feed.events({ follow: true, signal })) {
    if (typeOf(event) !== 'checkpoint.written') continue;
    const manifest = readText(event.data, 'manifest');
    yield { step: readNumber(event.data, 'step'), ...(manifest !== '' && { manifest }) };
  }
}

function otherBundle({ directory }: FoundRun, { expected, got }: { readonly expected: string; readonly got: string }): CliError {
  const message = `${directory}: expected bundle.bin of ${expected}, which the commit log names, got ${got}`;
  return new CliError({ code: 'RUN_DAMAGED', message, hint: 'restore the folder from a copy', exitCode: EXIT.failed });
}

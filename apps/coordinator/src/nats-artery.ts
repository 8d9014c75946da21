/** The artery of a coordinator with NATS: one connection, and for each run what goes over it. */
import { contentDigest } from '@geodesic/checkpoint';
import { NatsBus, NatsLogMirror, NatsObjects } from '@geodesic/events';
import type { NatsClient, NatsOptions, ObjectChannel } from '@geodesic/events';
import { ReplicaQueue, rereadLog } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { Artery, ArteryRun, RunArtery } from './artery.ts';
import type { BroadcastFiles } from './checkpoint-broadcast.ts';
import { EventsBackfill } from './events-backfill.ts';
import { LateBus } from './late-bus.ts';
import { NatsLine } from './nats-line.ts';
import { NatsRunArtery } from './run-artery.ts';

/** Options of {@link openArtery}. */
export interface ArteryOptions {
  readonly options: NatsOptions;
  /** The folder of run folders: what earlier runs there did not get to NATS follows. */
  readonly runs: string;
  /** What of each checkpoint is broadcast; all of it with `ha`. */
  readonly broadcast: BroadcastFiles | 'none';
  /** Whether runs have a standby: the log is copied, and a run that could not be taken over is not accepted. */
  readonly ha: boolean;
  readonly logger: Logger;
}

/**
 * Connects a coordinator to NATS. While no server answers it goes on without, and tries for as long as it is open.
 * @throws {EventsError} OPTIONS, CREDENTIALS, PERMISSION, NO_JETSTREAM, STREAM
 */
export async function openArtery(options: ArteryOptions): Promise<NatsArtery> {
  return new NatsArtery(await NatsLine.open(options), options);
}

/** The artery of a coordinator. */
export class NatsArtery implements Artery {
  readonly #line: NatsLine;
  readonly #options: ArteryOptions;
  readonly #bus: LateBus;
  readonly #backfill: EventsBackfill;
  /** Ends the answers to requests for objects of the present run. */
  #serving = new AbortController();

  constructor(line: NatsLine, options: ArteryOptions) {
    this.#line = line;
    this.#options = options;
    this.#bus = new LateBus(line.client.then((client) => new NatsBus(client)));
    const { runs, ha, logger } = options;
    this.#backfill = new EventsBackfill({ runs, cluster: options.options.cluster, bus: this.#bus, ha, line, logger });
    line.client.then(
      () => this.#backfill.run(),
      () => undefined, // closed before NATS was there
    );
  }

  /** The connection, as soon as NATS has been reached. @throws {EventsError} UNREACHABLE when the artery is closed before */
  get client(): Promise<NatsClient> {
    return this.#line.client;
  }

  openRun(run: ArteryRun): RunArtery {
    const { ha, broadcast, options, logger } = this.#options;
    const { runId } = run.folder;
    this.#backfill.leave(runId);
    const objects = this.#line.client.then((client): ObjectChannel => new NatsObjects(client, runId));
    this.#serve(run, objects);
    return new NatsRunArtery({
      ...run,
      cluster: options.cluster,
      line: this.#line,
      bus: this.#bus,
      channel: async (signal) => {
        await this.#line.connected(signal);
        return objects;
      },
      broadcast: ha ? 'all' : broadcast,
      ...(ha && { replica: this.#replica(run) }),
      logger,
    });
  }

  async close(): Promise<void> {
    this.#serving.abort();
    await this.#backfill.close();
    await this.#line.close();
  }

  /** Also after the end of the run, for whoever is late. */
  #serve({ bundle, store }: ArteryRun, objects: Promise<ObjectChannel>): void {
    this.#serving.abort();
    this.#serving = new AbortController();
    const { signal } = this.#serving;
    const bundleDigest = contentDigest(bundle);
    const provider = async (digest: string): Promise<Uint8Array | undefined> =>
      digest === bundleDigest ? bundle : store.objects.read(digest);
    objects.then(
      (channel) => {
        if (!signal.aborted) channel.serve(provider, signal);
      },
      () => undefined, // closed before NATS was there
    );
  }

  #replica({ folder }: ArteryRun): ReplicaQueue {
    const { logger } = this.#options;
    const run = folder.runId;
    const mirror = this.#line.client.then((client) => new NatsLogMirror(client, run));
    mirror.catch(() => undefined); // whoever appends is told
    return new ReplicaQueue({
      name: `the copy of the log of ${run}`,
      port: {
        append: async (record) => (await mirror).append(record),
        last: async () => (await mirror).last(),
      },
      reread: (fromSequence) => rereadLog(folder, fromSequence),
      onTrouble: (error) => logger.warn('the copy of the log is behind', { run, error }),
      onMended: () => logger.info('the copy of the log goes on', { run }),
    });
  }
}

/** Puts a coordinator's part in its cluster together from what NATS offers: the lease, the copies of logs, objects and events. */
import { randomUUID } from 'node:crypto';
import type { RunEntry } from '@geodesic/cluster';
import type { EventBus, Lease, LeaseHolder, LogMirrorReader, ObjectChannel } from '@geodesic/events';
import type { Logger } from '@geodesic/telemetry';
import type { ResumeRequest } from '../resume-run.ts';
import type { TrainerFactory } from '../run-meta.ts';
import { claimFolder } from './claimed-folder.ts';
import { Leadership } from './leadership.ts';
import { MirroredRun } from './mirrored-run.ts';
import { Standby } from './standby.ts';

/** What several coordinators share. */
export interface SharedPlace {
  /** This process's part in the lease. */
  lease(holder: LeaseHolder): Lease;
  readonly mirror: LogMirrorReader;
  readonly bus: Pick<EventBus, 'follow'>;
  objects(run: string): ObjectChannel;
}

/** Options of {@link openLeadership}. */
export interface OpenLeadershipOptions {
  readonly place: Promise<SharedPlace>;
  /** Time without renewal after which others may take the lease, ms. */
  readonly leaseMs: number;
  /** The folder of run folders; exists. */
  readonly runs: string;
  /** HOST:PORT of this coordinator. */
  readonly address: string;
  /** No second run will come. */
  readonly once: boolean;
  readonly createTrainer: TrainerFactory;
  /** The run to take up where all are over. */
  readonly resume?: ResumeRequest;
  readonly logger: Logger;
}

/** Opens a coordinator's part in its cluster; nothing is led yet. @throws {CoordinatorError} HA_SHARED_FOLDER; the system's error; what `place` rejects with */
export async function openLeadership(options: OpenLeadershipOptions): Promise<Leadership> {
  const { leaseMs, runs, address, once, createTrainer, resume, logger } = options;
  options.place.catch(() => undefined); // told below, unless the folder is refused first
  const leader = randomUUID();
  const folder = await claimFolder(runs, leader);
  const place = await options.place;
  const openRun = ({ run, bundleDigest }: RunEntry): Promise<MirroredRun> =>
    MirroredRun.open({ runs, run, bundleDigest, objects: place.objects(run), bus: place.bus, createTrainer, logger });
  return new Leadership({
    lease: place.lease({ leader, address, folder: folder.id, leaseMs }),
    standby: (onFinished) => new Standby({ mirror: place.mirror, openRun, onFinished, logger }),
    folder,
    once,
    ...(resume && { resume }),
    logger,
  });
}

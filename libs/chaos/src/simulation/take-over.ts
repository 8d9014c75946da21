/**
 * How a simulated coordinator takes a run over and finds its state again: the term is claimed before anything is read, what was read is made
 * safe before anything is built on it, and the newest sound checkpoint that the log reaches is where it goes on.
 */
import { commitsAfter } from '@geodesic/cluster';
import type { LogRecord, LogView } from '@geodesic/cluster';
import { newestCheckpoint } from './simulated-checkpoints.ts';
import { SimulatedLog } from './simulated-log.ts';
import type { LogHost } from './simulated-log.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { ToyCheckpoint } from './toy/toy-checkpoint.ts';
import type { World } from './world.ts';

/** The file that counts what has been announced, a byte each; never synced. */
export const ANNOUNCED = 'events';

/** A run in other hands. */
export interface TakenOver {
  readonly log: SimulatedLog;
  readonly view: LogView;
  readonly records: readonly LogRecord[];
  /** How many announcements earlier coordinators have made. */
  readonly announced: number;
}

/** Who takes over. */
export interface TakeOverOptions {
  readonly process: SimulatedProcess;
  readonly host: LogHost;
  /** Between the claim and the reading, ms. */
  readonly pauseMs: number;
}

/** Takes a run over; `done` comes when the term is durable, or never. */
export function takeOver(world: World, { process, host, pauseMs }: TakeOverOptions, done: (taken: TakenOver) => void): void {
  const { disk, later, cut, note, exit, defects } = world;
  const term = SimulatedLog.claim(disk);
  if (term === undefined) return exit(process, 'another coordinator was faster');
  note('take-over', `${process.name} term ${term}`);
  later(process, pauseMs, () => {
    cut('take-over: claimed');
    if (defects.trustsCache !== true && !SimulatedLog.secure(disk, term)) return exit(process, 'the disk fails');
    const { view, records, next } = SimulatedLog.read(disk, term);
    cut('take-over: read');
    const log = new SimulatedLog(host, term, next);
    log.append({ type: 'term', leader: process.name, step: view.head.step }, () => {
      cut('take-over: term durable');
      done({ log, view, records, announced: disk.read(ANNOUNCED).length });
    });
  });
}

/** Where a run goes on, and what the log has beyond that. */
export function recover(
  { disk, defects, note }: World,
  view: LogView,
): { readonly start: ToyCheckpoint; readonly commits: LogView['commits'] } {
  const { checkpoint, skipped } = newestCheckpoint(disk, view.head.step);
  if (skipped > 0) note('checkpoint skipped');
  defects.restore?.(checkpoint);
  const commits = commitsAfter(view, checkpoint);
  if (commits.length > 0) note('ahead', `${commits.length} commits after checkpoint ${checkpoint.step}`);
  return { start: checkpoint, commits };
}

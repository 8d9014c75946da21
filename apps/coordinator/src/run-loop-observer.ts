/** Who is told of what a run's loop does, in order. */
import type { RunMachineAction } from '@geodesic/cluster';

/** What the loop does not carry out itself, see {@link RunMachineAction}. */
export type RunNews = Exclude<RunMachineAction, { type: 'begin-round' | 'publish' | 'append' | 'failed' | 'ended' }>;

/** The part of a run that people, checkpoints and workers hear of. */
export interface RunLoopObserver {
  /** @throws to end the run with that error */
  told(news: RunNews): void;
}

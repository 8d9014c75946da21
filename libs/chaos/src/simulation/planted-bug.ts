/**
 * Defects that can be planted in a simulation, each one a way in which real systems have broken the promise. A simulation that cannot tell is
 * worth nothing. They are hooks of the simulated processes and of what lies between them; the machines are the real ones.
 */
import type { Contribution, LogEntry, RoundIdentity, RoundPlan } from '@geodesic/cluster';
import { invert } from './toy/toy-trainer.ts';
import type { ToyCheckpoint } from './toy/toy-checkpoint.ts';

/** The defects by name. */
export type PlantedBug =
  | 'arrival-order'
  | 'stale-digest'
  | 'announced-before-sync'
  | 'codec-on-blocks'
  | 'inverse-at-resume'
  | 'stale-trial'
  | 'randomness-by-worker'
  | 'measured-time'
  | 'momentum-lost'
  | 'padding-rows'
  | 'deposed-control'
  | 'trusted-cache';

/** Where a defect acts; nothing set: the real system. */
export interface Defects {
  /** Changes which round a contribution is taken for. */
  readonly claim?: (round: RoundIdentity, current: RoundPlan | undefined) => RoundIdentity;
  /** Replaces a round's total, from what was accepted in order. */
  readonly total?: (accepted: readonly Contribution[], total: Contribution) => Contribution;
  readonly confirmsEarly?: boolean;
  readonly ignoresTerms?: (entry: LogEntry) => boolean;
  /** A new leader builds on what it has read, whether the disk has it or not. */
  readonly trustsCache?: boolean;
  readonly padsFactor?: boolean;
  readonly codesBlocks?: boolean;
  readonly saltsByWorker?: boolean;
  readonly measuresTime?: boolean;
  /** Changes what a checkpoint gives back. */
  readonly restore?: (checkpoint: ToyCheckpoint) => void;
}

/** What each defect is, for people, and where it acts. */
export const plantedBugs: Readonly<Record<PlantedBug, { readonly description: string; readonly defects: Defects }>> = {
  'arrival-order': { description: 'blocks are summed in the order in which they arrive', defects: { total: sumInOrder } },
  'stale-digest': {
    description: 'a contribution is accepted whatever its input digest says',
    defects: { claim: (round, current) => (current && round.phase === current.phase ? current : round) },
  },
  'announced-before-sync': { description: 'a commit is announced before it is synced', defects: { confirmsEarly: true } },
  'codec-on-blocks': { description: 'the codec rounds what a worker sends, not a level of the tree', defects: { codesBlocks: true } },
  'inverse-at-resume': {
    description: 'the inverses in use are computed from the current factors at a resume',
    defects: { restore: reinvert },
  },
  'stale-trial': { description: "a rejected attempt's trial is accepted in the next one", defects: { claim: claimTrial } },
  'randomness-by-worker': { description: 'the worker enters the key of what is random', defects: { saltsByWorker: true } },
  'measured-time': { description: 'the damping depends on how long a round took', defects: { measuresTime: true } },
  'momentum-lost': { description: 'a resume begins with a momentum of zero', defects: { restore: forgetMomentum } },
  'padding-rows': { description: 'rows of the padding count in the factor of the inputs', defects: { padsFactor: true } },
  'deposed-control': {
    description: 'a deposed leader does not look for a higher term before it announces a control record',
    defects: { ignoresTerms: ({ type }) => type === 'control' },
  },
  'trusted-cache': {
    description: "a new leader builds on records that are in the system's cache alone, after a sync that failed",
    defects: { trustsCache: true },
  },
};

function sumInOrder(accepted: readonly Contribution[], total: Contribution): Contribution {
  const sums = new Float32Array(total.sums.length);
  for (const part of accepted) for (let i = 0; i < sums.length; i += 1) sums[i] += part.sums[i];
  return { ...total, sums };
}

function claimTrial(round: RoundIdentity, current: RoundPlan | undefined): RoundIdentity {
  const isTrial = current?.phase === 'trial' && round.phase === 'trial';
  return isTrial && round.step === current.step && round.attempt < current.attempt ? current : round;
}

function reinvert({ optimiser }: ToyCheckpoint): void {
  if (optimiser.weight > 0) invert(optimiser);
}

function forgetMomentum({ optimiser }: ToyCheckpoint): void {
  optimiser.momentum.fill(0);
}

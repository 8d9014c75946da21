/** What people are told of workers that are late, wrong or not trusted for a while. */
import type { CoordinatorAction } from '@geodesic/cluster';
import type { RunEventType } from '@geodesic/events';

type News = Extract<CoordinatorAction, { type: 'straggler' | 'dispute' | 'quarantine' }>;

/** Type and data of the event. */
export function newsOf(action: News): [RunEventType, Readonly<Record<string, unknown>>] {
  switch (action.type) {
    case 'straggler':
      return ['worker.straggling', { worker: action.worker, blocks: action.blocks, waitedMs: action.waitedMs }];
    case 'dispute': {
      const { round, block, workers, resolved, detail } = action;
      return ['contribution.disputed', { step: round.step, phase: round.phase, block, workers, resolved, detail }];
    }
    case 'quarantine':
      return ['worker.quarantined', { worker: action.worker, cooldownMs: action.cooldownMs, reason: action.reason }];
  }
}

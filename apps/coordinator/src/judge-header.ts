/** Whether an upload is worth its memory, by its header alone. */
import { codedSegments, sameRound } from '@geodesic/cluster';
import type { RoundPlan } from '@geodesic/cluster';
import { sameSegments } from '@geodesic/tensor';
import type { ContributeAck, ContributionHeader } from '@geodesic/wire';

/** The answer to an upload that cannot count; undefined: let it come. @param plan the round in progress */
export function judgeHeader(header: ContributionHeader, plan: RoundPlan | undefined): ContributeAck | undefined {
  if (plan === undefined || !sameRound(plan, header.round)) return { result: 'stale', detail: 'another round is in progress' };
  if (header.sumsLength !== plan.sumsLength)
    return { result: 'corrupt', detail: `sums: expected ${plan.sumsLength} elements, got ${header.sumsLength}` };
  if (sameSegments(header.coded ?? [], codedSegments(header.block, plan.codec) ?? [])) return undefined;
  return { result: 'corrupt', detail: 'coded segments: expected those of the round, at its level of the tree' };
}

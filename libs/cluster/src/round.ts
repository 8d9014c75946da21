/**
 * Who a contribution belongs to. A round is one phase of one attempt at one step over one input; its identity fences every
 * contribution, whoever sends it and however late. Leaders, membership and generations never enter it (exactness.md 8).
 */
import { findSegmentFault, type SumsCodec } from '@geodesic/tensor';
import { rootBlock } from './block.ts';
import { inputDigest } from './digest.ts';
import { ProtocolError } from './errors.ts';
import { checkInputs, describeInputs } from './round-inputs.ts';
import type { PlannedInputs, RoundInputs } from './round-inputs.ts';

/** What makes two contributions summands of the same total. */
export interface RoundIdentity {
  readonly run: string;
  /** 1-based; the step that this round's total leads to. */
  readonly step: number;
  /** 0 for the first try at a step. */
  readonly attempt: number;
  readonly phase: string;
  /** Hex SHA-256 of all inputs of the round, see {@link inputDigest}. */
  readonly inputDigest: string;
}

/** A round's identity with the shape of its contributions. */
export interface RoundPlan extends RoundIdentity {
  /** Number of updates behind the inputs: tells a worker that is behind from one that has diverged. */
  readonly version: number;
  /** A power of two. */
  readonly slots: number;
  readonly sumsLength: number;
  readonly scalarsLength: number;
  /** What the computation needs beside the parameters. */
  readonly inputs?: RoundInputs;
  /** Which sums are rounded, at one level of the tree; absent: none. */
  readonly codec?: SumsCodec;
}

/** What the learning side wants computed next; {@link planRound} makes a round of it. */
export type PhasePlan = Omit<RoundPlan, keyof RoundIdentity | 'version' | 'inputs'> &
  Pick<RoundIdentity, 'step' | 'attempt' | 'phase'> & { readonly inputs?: PlannedInputs };

/** Where a holder of parameters stands: after `version` updates, with this chain and checksum. */
export interface Position {
  readonly version: number;
  readonly chain: string;
  readonly checksum: string;
}

/** Whether two identities are the same round; other fields are ignored. */
export function sameRound(a: RoundIdentity, b: RoundIdentity): boolean {
  return a.inputDigest === b.inputDigest && a.step === b.step && a.attempt === b.attempt && a.phase === b.phase && a.run === b.run;
}

/** The identity alone, without the fields of a plan. */
export function identityOf({ run, step, attempt, phase, inputDigest: digest }: RoundIdentity): RoundIdentity {
  return { run, step, attempt, phase, inputDigest: digest };
}

/** The round that computes `plan` from the parameters at `position`; its vectors are named by content, so keep them where they can be fetched. */
export function planRound({ run, plan, position }: { run: string; plan: PhasePlan; position: Position }): RoundPlan {
  const { step, attempt, phase, slots, sumsLength, scalarsLength, codec } = plan;
  const { version, chain, checksum } = position;
  const inputs = describeInputs(plan.inputs);
  const given = inputs && { inputs };
  const digest = inputDigest({ chain, checksum, step, attempt, phase, ...given });
  return { run, step, attempt, phase, inputDigest: digest, version, slots, sumsLength, scalarsLength, ...(codec && { codec }), ...given };
}

/**
 * Checks a plan before a round begins.
 * @throws {ProtocolError} naming the field
 */
export function checkPlan(plan: RoundPlan): void {
  rootBlock(plan.slots);
  for (const field of ['step', 'attempt', 'version', 'sumsLength', 'scalarsLength'] as const) {
    if (!Number.isSafeInteger(plan[field]) || plan[field] < 0) {
      throw new ProtocolError(`round plan: ${field}`, 'a non-negative integer', `${plan[field]}`);
    }
  }
  if (plan.inputs) checkInputs(plan.inputs);
  if (plan.codec) checkCodec(plan.codec, plan.sumsLength);
}

function checkCodec({ level, segments }: SumsCodec, sumsLength: number): void {
  if (!Number.isSafeInteger(level) || level < 0) throw new ProtocolError('round plan: codec.level', 'a non-negative integer', `${level}`);
  const fault = findSegmentFault(segments, sumsLength);
  if (fault !== undefined) throw new ProtocolError('round plan: codec', 'segments that fit the sums', fault);
}

/**
 * The answer to a gradient that is not finite at new parameters: the last change led there, so it is taken back, and what comes next is damped
 * more. The parameters are then those before that change, up to one rounding; the same step begins anew from there.
 */
import {
  NegativeCurvatureError,
  NonFiniteError,
  RoundFailedError,
  SearchFailedError,
  SingularFactorError,
  SingularKernelError,
} from '../errors.ts';

/** What a larger damping may mend. */
export type NumericalError = NonFiniteError | RoundFailedError | SingularFactorError | SingularKernelError | NegativeCurvatureError;

const kinds = [NonFiniteError, RoundFailedError, SingularFactorError, SingularKernelError, NegativeCurvatureError] as const;

/** Whether a larger damping may mend it. */
export function isNumerical(error: unknown): error is NumericalError {
  return kinds.some((kind) => error instanceof kind);
}

/** In words; without the worker, which is not the same in every run of these bits. */
export function reasonOf(error: NumericalError): string {
  if (!(error instanceof RoundFailedError)) return error.message;
  return error.layer === undefined ? error.reason : `${error.reason} (layer ${error.layer})`;
}

/** What was tried so far. */
export interface Attempts {
  readonly step: number;
  /** Rejections in a row before this one. */
  readonly before: number;
  readonly most: number;
  /** The damping that led here. */
  readonly damping: number;
}

/** Rejections in a row with this one. @throws {SearchFailedError} when they are too many */
export function countRejection(error: NumericalError, { step, before, most, damping }: Attempts): number {
  if (before + 1 >= most) throw new SearchFailedError(step, [reasonOf(error)], damping);
  return before + 1;
}

/**
 * Everything that natural-gradient can refuse, one class a cause.
 * A user's mistake (OptimizerConfigError, CoverageError) is found when the optimiser is created; the others are found in a step
 * and leave the caller's state untouched, so that a run loop can reject the step and go on.
 */

/** A group, layer or schedule option is missing, out of range or contradicts another. */
export class OptimizerConfigError extends Error {
  override readonly name = 'OptimizerConfigError';
  readonly field: string;

  constructor(field: string, expected: string, got: unknown) {
    super(`createOptimizer: expected ${field} to be ${expected}, got ${show(got)}`);
    this.field = field;
  }
}

/** A parameter belongs to no optimiser group, or to more than one. */
export class CoverageError extends Error {
  override readonly name = 'CoverageError';
  readonly parameter: string;
  /** The groups that claim the parameter; empty when none does. */
  readonly groups: readonly string[];

  constructor(parameter: string, groups: readonly string[]) {
    const got = groups.length === 0 ? 'no group' : groups.map((group) => `'${group}'`).join(' and ');
    super(`createOptimizer: expected parameter '${parameter}' in exactly one optimizer group, got ${got} (every parameter needs one)`);
    this.parameter = parameter;
    this.groups = groups;
  }
}

/** What was handed to a step has the wrong length, count or step number. */
export class StepInputError extends Error {
  override readonly name = 'StepInputError';
  readonly field: string;

  constructor(field: string, expected: string, got: unknown) {
    super(`step: expected ${field} to be ${expected}, got ${show(got)}`);
    this.field = field;
  }
}

/** A layer has not reported a statistic that its group needs. */
export class MissingStatisticsError extends Error {
  override readonly name = 'MissingStatisticsError';
  readonly layer: string;
  /** The key that was looked for, such as `A/stem`. */
  readonly statistic: string;
  readonly step: number;

  constructor(layer: string, statistic: string, step: number) {
    super(
      `step ${step}: expected statistics '${statistic}' of layer '${layer}', got none ` +
        `(tap the layer's input and output in the model and name it in the curvature that its programs are built with, ` +
        `or move its parameters to an adam, sgd or frozen group)`,
    );
    this.layer = layer;
    this.statistic = statistic;
    this.step = step;
  }
}

/** What a {@link NonFiniteError} found: a gradient, a statistic, the objective, or the update that would have been applied. */
export type NonFiniteQuantity = 'gradient' | 'statistics' | 'objective' | 'update';

/** A gradient, statistic, objective or update holds NaN or an infinity; the step must be rejected. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
  readonly quantity: NonFiniteQuantity;
  /** A parameter for gradients and updates, a layer for statistics. */
  readonly subject: string;
  /** Position inside the parameter or factor, row-major. */
  readonly index: number;

  constructor(options: { quantity: NonFiniteQuantity; subject: string; detail: string; index: number; value: number }) {
    super(
      `step: expected a finite ${options.quantity} of ${options.detail}, got ${options.value} at entry ${options.index} ` +
        `(reject the step; lower the learning rate or raise the damping if it recurs)`,
    );
    this.quantity = options.quantity;
    this.subject = options.subject;
    this.index = options.index;
  }
}

/** A factor stayed singular on every rung of the ladder and there is no earlier inverse to keep. */
export class SingularFactorError extends Error {
  override readonly name = 'SingularFactorError';
  readonly layer: string;

  constructor(layer: string, damping: number) {
    super(
      `step: expected positive definite Kronecker factors of layer '${layer}', got a singular one at the damping ${damping}, ` +
        `negative eigenvalues taken as zero, and no earlier inverse to keep (raise the damping)`,
    );
    this.layer = layer;
  }
}

/** A state tree is not one that this optimiser wrote. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly key: string;

  constructor(key: string, expected: string, got: unknown) {
    super(`step: expected state '${key}' to be ${expected}, got ${show(got)} (resume with the spec that wrote the state)`);
    this.key = key;
  }
}

/**
 * A round that could not be computed: a worker met something that is not finite, or had no memory for it. Whoever drives a step throws it
 * into the step's generator, which may know an answer (a rejected attempt, a change taken back) or lets it pass.
 */
export class RoundFailedError extends Error {
  override readonly name = 'RoundFailedError';
  /** Why, in words. */
  readonly reason: string;
  readonly layer: string | undefined;
  readonly worker: string | undefined;

  constructor(failure: {
    readonly reason: string;
    readonly layer?: string | undefined;
    readonly worker?: string | undefined;
    readonly cause?: unknown;
  }) {
    const { reason, layer, worker } = failure;
    const where = [...(layer === undefined ? [] : [`layer '${layer}'`]), ...(worker === undefined ? [] : [`worker ${worker}`])];
    super(`round: expected finite sums, got none${where.length > 0 ? ` from ${where.join(' at ')}` : ''}: ${reason}`, {
      cause: failure.cause,
    });
    this.reason = reason;
    this.layer = layer;
    this.worker = worker;
  }
}

/** A search met nothing but rejections; the parameters are those of the last step that was good. */
export class SearchFailedError extends Error {
  override readonly name = 'SearchFailedError';
  readonly step: number;
  /** Of the attempts at this step, the first one first. */
  readonly reasons: readonly string[];
  /** lambda of the last attempt. */
  readonly damping: number;

  constructor(step: number, reasons: readonly string[], damping: number) {
    super(
      `step ${step}: expected an attempt that can be accepted, got rejections in a row up to the damping ${damping}; the last: ` +
        `${reasons.at(-1)} (start with a larger damping, or allow more rejections and a larger maxDamping)`,
    );
    this.step = step;
    this.reasons = reasons;
    this.damping = damping;
  }
}

/** Conjugate gradients met a direction of negative curvature, which no Fisher or Gauss-Newton matrix has: the model's programs are wrong. */
export class NegativeCurvatureError extends Error {
  override readonly name = 'NegativeCurvatureError';
  readonly step: number;
  readonly iteration: number;
  /** p' A p / p' p */
  readonly curvature: number;

  constructor(step: number, iteration: number, curvature: number) {
    super(
      `step ${step}: expected a positive semi-definite matrix from the rounds 'product', got the curvature ${curvature} along the ` +
        `direction of iteration ${iteration} (check the task's curvature product, or raise the damping)`,
    );
    this.step = step;
    this.iteration = iteration;
    this.curvature = curvature;
  }
}

/** The kernel trick's system cannot be solved at this damping. */
export class SingularKernelError extends Error {
  override readonly name = 'SingularKernelError';
  readonly step: number;
  readonly damping: number;

  constructor(step: number, damping: number, got: string, options?: { readonly cause?: unknown }) {
    super(`step ${step}: expected a solvable Gram matrix at the damping ${damping}, got ${got} (raise the damping)`, options);
    this.step = step;
    this.damping = damping;
  }
}

/** A batch is too large for the kernel trick. */
export class KernelSizeError extends Error {
  override readonly name = 'KernelSizeError';

  constructor(issue: string) {
    super(`step: ${issue}`);
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  // JSON would print NaN and the infinities as null.
  return typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'undefined');
}

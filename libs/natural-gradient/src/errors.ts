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

/** A layer has not reported a Kronecker factor that its group needs. */
export class MissingStatisticsError extends Error {
  override readonly name = 'MissingStatisticsError';
  readonly layer: string;
  /** The key that was looked for, such as `A/stem`. */
  readonly statistic: string;
  readonly step: number;

  constructor(layer: string, statistic: string, step: number) {
    super(
      `step ${step}: expected statistics '${statistic}' of layer '${layer}', got none ` +
        `(tap the layer's input and output in the model, or move its parameters to an adam or sgd group)`,
    );
    this.layer = layer;
    this.statistic = statistic;
    this.step = step;
  }
}

/** What a {@link NonFiniteError} found: a gradient, a statistic, or the update that would have been applied. */
export type NonFiniteQuantity = 'gradient' | 'statistics' | 'update';

/** A gradient, statistic or update holds NaN or an infinity; the step must be rejected. */
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

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  // JSON would print NaN and the infinities as null.
  return typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'undefined');
}

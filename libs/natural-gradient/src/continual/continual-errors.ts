/** What the continual learning of this folder refuses: anchors that do not fit, and a sum of two curvatures that cannot be solved. */

/** An anchor, or what was handed over beside one, has the wrong size; an input of the caller. */
export class AnchorError extends Error {
  override readonly name = 'AnchorError';
  readonly operation: string;
  readonly layer: string;

  constructor(operation: string, layer: string, expected: string, got: string) {
    super(`${operation}: layer '${layer}': expected ${expected}, got ${got}`);
    this.operation = operation;
    this.layer = layer;
  }
}

/** A_new (x) S_new + strength A_old (x) S_old of a layer is not positive definite, so there is no direction to go in. */
export class SingularPairError extends Error {
  override readonly name = 'SingularPairError';
  readonly layer: string;
  readonly damping: number;

  constructor(options: {
    readonly layer: string;
    readonly damping: number;
    readonly expected: string;
    readonly got: string;
    readonly cause?: unknown;
  }) {
    const { layer, damping, expected, got, cause } = options;
    super(`decomposePair: layer '${layer}': expected ${expected}, got ${got} at the damping ${damping} (raise the damping)`, { cause });
    this.layer = layer;
    this.damping = damping;
  }
}

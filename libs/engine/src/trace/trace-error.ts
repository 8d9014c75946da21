/**
 * The one error of tracing: a user's function did something that cannot become part of a graph. The message reads
 * `trace: <op> <shape>: expected X, got Y (what to do)`; the fields carry the same data for programs.
 */
import type { Shape } from '@geodesic/tensor';

/** What a {@link TraceError} reports. */
export interface TraceProblem {
  /** The op or kernel at fault, as a tfjs user knows it. */
  readonly op: string;
  /** Shape of the tensor at fault, where there is one. */
  readonly shape?: Shape;
  readonly expected: string;
  readonly got: string;
  /** What the user can do instead. */
  readonly remedy: string;
}

/** A function cannot be traced; nothing was recorded and tfjs is as it was before. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly op: string;
  readonly shape: Shape | undefined;
  readonly expected: string;
  readonly got: string;
  readonly remedy: string;
  constructor({ op, shape, expected, got, remedy }: TraceProblem) {
    super(`trace: ${op}${shape === undefined ? '' : ` [${shape.join(',')}]`}: expected ${expected}, got ${got} (${remedy})`);
    this.op = op;
    this.shape = shape;
    this.expected = expected;
    this.got = got;
    this.remedy = remedy;
  }
}

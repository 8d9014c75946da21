/**
 * Products of curvature matrices with vectors, each a composition of forward and reverse accumulation that never forms the
 * matrix. Symbols: theta the values in `wrt`, v the vectors, J = d(outputs)/d(theta), H the Hessian of the loss in the outputs.
 * Sources: Pearlmutter 1994, "Fast exact multiplication by the Hessian"; Schraudolph 2002, "Fast curvature matrix-vector
 * products", section 3.
 */
import { GraphError } from './errors.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { jvp, type TangentSeed } from './jvp.ts';
import { vjp } from './vjp.ts';

/** A direction for each of some values, of their types. */
interface Direction {
  readonly wrt: readonly number[];
  readonly vectors: readonly number[];
}

/** A scalar, the values that it is derived by, and the vector that its Hessian is applied to. */
export interface HessianVectorOptions extends Direction {
  /** Value of shape []. */
  readonly scalar: number;
}

/** Outputs, the values that they are derived by, the vector, and the curvature of the loss in the outputs. */
export interface GaussNewtonVectorOptions extends Direction {
  readonly outputs: readonly number[];
  /** Appends H u, given u = J v, one value for each output and of its type; linear in u. */
  readonly outputHessian: (tangents: readonly number[]) => readonly number[];
  /** Values that nothing is derived through; default none. */
  readonly constants?: ReadonlySet<number>;
}

/**
 * Appends the Hessian-vector product d^2(scalar)/d(theta)^2 v, forward over reverse: the tangent of the gradient. About the
 * cost of two gradients.
 * @returns the ids of the products, of the types of `wrt`
 * @throws {GraphError} when the scalar has another shape than [], or a vector another type than its value
 */
export function hessianVector(builder: GraphBuilder, { scalar, wrt, vectors }: HessianVectorOptions): number[] {
  const shape = builder.shapeOf(scalar);
  if (shape.length > 0) throw new GraphError('hessianVector', 'a scalar', `a value of shape [${shape.join(',')}] (sum it first)`);
  const seeds = pair('hessianVector', { wrt, vectors });
  const gradients = vjp(builder, [{ id: scalar, cotangent: builder.constant(1, builder.dtypeOf(scalar)) }], wrt);
  return jvp(builder, seeds, gradients);
}

/**
 * Appends the generalised Gauss-Newton product J^T H J v: forward to the outputs, their curvature, and back. With H the
 * Hessian of a negative log-likelihood in its natural parameters it is the Fisher information.
 * @returns the ids of the products, of the types of `wrt`
 * @throws {GraphError} when a vector has another type than its value, or outputHessian gives another number of values
 */
export function gaussNewtonVector(builder: GraphBuilder, options: GaussNewtonVectorOptions): number[] {
  const { outputs, wrt, outputHessian, constants = new Set<number>() } = options;
  const tangents = jvp(builder, pair('gaussNewtonVector', options), outputs, { constants });
  const cotangents = outputHessian(tangents);
  if (cotangents.length !== outputs.length)
    throw new GraphError('gaussNewtonVector', `${outputs.length} values from outputHessian`, String(cotangents.length));
  return vjp(
    builder,
    outputs.map((id, i) => ({ id, cotangent: cotangents[i] })),
    wrt,
    { constants },
  );
}

function pair(operation: string, { wrt, vectors }: Direction): TangentSeed[] {
  if (wrt.length !== vectors.length) throw new GraphError(operation, `${wrt.length} vectors`, String(vectors.length));
  return wrt.map((id, i) => ({ id, tangent: vectors[i] }));
}

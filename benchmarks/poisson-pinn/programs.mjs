/**
 * What workers compute, as graphs of the engine in float64: all derivatives, in x and in theta, are the engine's. Legend: B points, P parameters.
 * A worker's point belongs to one row, so the Jacobian J [B, P] comes out of one backward pass once every row has parameters of its own.
 */
import { Expressions, GraphBuilder, jvp, vjp } from '../../libs/engine/dist/index.js';
import { hidden, size } from './problem.mjs';

const dtype = 'float64';

/** Sums `JJ` [P, P] = J'J and `Jr` [P], and `objective`, half the sum of squares. */
export function normalProgram(count) {
  const { builder, x, points, theta } = begin(count);
  const own = x.broadcastTo(x.reshape(theta, [1, size]), [count, size]);
  const r = residuals(x, points, ownParameters(x, own, count));
  const [jacobian] = vjp(builder, [{ id: r, cotangent: ones(x, [count, 1]) }], [own]);
  builder.output('JJ', x.matMul(jacobian, jacobian, { transposeA: true }));
  builder.output('Jr', x.reshape(x.matMul(jacobian, r, { transposeA: true }), [size]));
  builder.output('objective', halfSquares(x, r));
  return builder.build();
}

/** Sum `Jr` and `objective` alone: an ordinary gradient. */
export function gradientProgram(count) {
  const { builder, x, points, theta } = begin(count);
  const r = residuals(x, points, sharedParameters(x, theta));
  builder.output('Jr', vjp(builder, [{ id: r, cotangent: r }], [theta])[0]);
  builder.output('objective', halfSquares(x, r));
  return builder.build();
}

/** `objective` alone. */
export function trialProgram(count) {
  const { builder, x, points, theta } = begin(count);
  builder.output('objective', halfSquares(x, residuals(x, points, sharedParameters(x, theta))));
  return builder.build();
}

/**
 * Sum `Ja` [P] = J' r^(order), the derivative of the residuals along a path of which `derivatives` [order - 1] are given: nested forward
 * derivatives, in which theta has the first of them as tangent, the first has the second, and so on.
 */
export function accelerationProgram(count, order) {
  const { builder, x, points, theta } = begin(count);
  const path = Array.from({ length: order - 1 }, (_, i) => builder.input(vectorName(i + 1), [size], dtype));
  const r = residuals(x, points, sharedParameters(x, theta));
  let derivative = r;
  for (let k = 0; k < order; k++) {
    const seeds = [theta, ...path].slice(0, Math.min(k + 1, path.length)).map((id, i) => ({ id, tangent: path[i] }));
    [derivative] = jvp(builder, seeds, [derivative]);
  }
  builder.output('Ja', vjp(builder, [{ id: r, cotangent: derivative }], [theta])[0]);
  return builder.build();
}

/** u [B, 1] at points. */
export function valueProgram(count) {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const at = builder.input('x', [count, 2], dtype);
  builder.output('u', net(x, at, sharedParameters(x, builder.input('theta', [size], dtype))));
  return builder.build();
}

/** Name of a derivative of the path in a round, its order 1, 2, ... */
export function vectorName(order) {
  return order === 1 ? 'direction' : `direction-${order}`;
}

function begin(count) {
  const builder = new GraphBuilder();
  const column = (name) => builder.input(name, [count, 1], dtype);
  const points = { x: builder.input('x', [count, 2], dtype), lap: column('lap'), value: column('value'), source: column('source') };
  return { builder, x: new Expressions(builder), points, theta: builder.input('theta', [size], dtype) };
}

/** r [B, 1]; the second derivatives in x are derivatives of derivatives along each axis. */
function residuals(x, { x: at, lap, value, source }, parameters) {
  const u = net(x, at, parameters);
  const [count] = x.shapeOf(at);
  const second = [0, 1].map((axis) => {
    const data = Float64Array.from({ length: 2 * count }, (_, i) => (i % 2 === axis ? 1 : 0));
    const tangent = x.builder.constant({ dtype, shape: [count, 2], data });
    const [first] = jvp(x.builder, [{ id: at, tangent }], [u]);
    return jvp(x.builder, [{ id: at, tangent }], [first])[0];
  });
  return x.add(x.add(x.mul(lap, x.add(second[0], second[1])), x.mul(value, u)), source);
}

/** u = v' tanh(W x + b) + c, [B, 1]. */
function net(x, at, { preactivation, output }) {
  return output(x.unary('Tanh', preactivation(at)));
}

/** One theta for all rows. */
function sharedParameters(x, theta) {
  const part = (begin, shape) => x.reshape(x.slice(theta, [begin], [shape.reduce((a, b) => a * b, 1)]), shape);
  const [w, b, v, c] = [part(0, [hidden, 2]), part(2 * hidden, [hidden]), part(3 * hidden, [hidden, 1]), part(4 * hidden, [1])];
  return {
    preactivation: (at) => x.add(x.matMul(at, w, { transposeB: true }), b),
    output: (h) => x.add(x.matMul(h, v), c),
  };
}

/** A theta for each row, [B, P]. */
function ownParameters(x, own, count) {
  const part = (begin, shape) => x.reshape(x.slice(own, [0, begin], [count, shape.reduce((a, b) => a * b, 1)]), [count, ...shape]);
  const [w, b, v, c] = [part(0, [hidden, 2]), part(2 * hidden, [hidden]), part(3 * hidden, [hidden]), part(4 * hidden, [1])];
  return {
    preactivation: (at) => x.add(x.sum(x.mul(w, x.reshape(at, [count, 1, 2])), [2]), b),
    output: (h) => x.add(x.sum(x.mul(h, v), [1], { keepDims: true }), c),
  };
}

function halfSquares(x, r) {
  return x.scale(x.sum(x.square(r), [0, 1]), 0.5);
}

function ones(x, shape) {
  return x.broadcastTo(x.builder.constant(1, dtype), shape);
}

/**
 * The workers of a run, in one process: the collocation points in equal shards, and for each round the sums of all shards, added in order.
 */
import { performance } from 'node:perf_hooks';
import { collocation, evaluation, size } from './problem.mjs';
import { accelerationProgram, gradientProgram, normalProgram, trialProgram, valueProgram } from './programs.mjs';

/** Opens the workers on an executor of doubles; `orders` are the orders of paths that will be asked for. */
export async function openWorkers(executor, { shards = 1, orders = [] } = {}) {
  const shares = split(collocation(), shards);
  const rows = shares[0].count;
  const graphs = { normal: normalProgram(rows), gradient: gradientProgram(rows), trial: trialProgram(rows) };
  for (const order of orders) graphs[programName(order)] = accelerationProgram(rows, order);
  const programs = {};
  for (const [name, graph] of Object.entries(graphs)) programs[name] = await executor.compile(graph);

  return {
    /** The totals of a request of a step at theta; no method here has a momentum in its moves. */
    async answer(theta, { program, vectors = {}, move }) {
      const at = move ? theta.map((entry, i) => entry + move.alpha * move.direction[i]) : theta;
      const parts = [];
      for (const { feeds } of shares)
        parts.push(await programs[program].run({ ...feeds(graphs[program]), theta: vector(at), ...asVectors(vectors) }));
      return totalsOf(program, parts, rows);
    },
    /** Calls every program once, so that no run pays for what only the first has. */
    async warmUp(theta) {
      const derivative = new Float64Array(size);
      for (const program of Object.keys(programs)) {
        const order = orders.find((one) => programName(one) === program) ?? 1;
        const vectors = Object.fromEntries(
          Array.from({ length: order - 1 }, (_, i) => [i === 0 ? 'direction' : `direction-${i + 1}`, derivative]),
        );
        await this.answer(theta, { program, vectors });
      }
    },
  };
}

/** Opens the error: a function of theta that answers |u - u*| / |u*| over the points of the evaluation. */
export async function openError(executor) {
  const { count, x, u } = evaluation();
  const program = await executor.compile(valueProgram(count));
  const feeds = { x: tensor([count, 2], x) };
  const norm = Math.sqrt(u.reduce((sum, entry) => sum + entry * entry, 0));
  return async (theta) => {
    const { data } = (await program.run({ ...feeds, theta: vector(theta) })).u;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (data[i] - u[i]) ** 2;
    return Math.sqrt(sum) / norm;
  };
}

/** Name of the round that differentiates a path `order` times. */
export function programName(order) {
  return order === 2 ? 'acceleration' : `acceleration-${order}`;
}

/** Runs a computation that needs rounds; answers its result and the milliseconds that it took. */
export async function drive(rounds, workers, theta) {
  const started = performance.now();
  let next = rounds.next();
  while (!next.done) next = rounds.next(await workers.answer(theta, next.value));
  return { result: next.value, ms: performance.now() - started };
}

/** Equal shares of the points; their residuals keep the scale of the whole. */
function split({ count, x, ...columns }, shards) {
  const rows = count / shards;
  if (!Number.isInteger(rows)) throw new Error(`poisson-pinn: shards: expected a divisor of ${count}, got ${shards}`);
  return Array.from({ length: shards }, (_, shard) => {
    const [from, to] = [shard * rows, (shard + 1) * rows];
    const all = {
      x: tensor([rows, 2], x.slice(2 * from, 2 * to)),
      ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, tensor([rows, 1], values.slice(from, to))])),
    };
    return {
      count: rows,
      feeds: ({ inputs }) => Object.fromEntries(inputs.filter(({ name }) => name in all).map(({ name }) => [name, all[name]])),
    };
  });
}

function totalsOf(program, parts, rows) {
  const sums = new Map();
  for (const part of parts)
    for (const [name, { data }] of Object.entries(part)) {
      const sum = sums.get(name);
      sums.set(name, sum ? sum.map((entry, i) => entry + data[i]) : data);
    }
  const count = parts.length * rows;
  const objective = sums.get('objective')?.[0];
  const columns = new Map(
    objective === undefined
      ? []
      : [
          ['objective', objective],
          ['sound', Number.isFinite(objective) ? count : 0],
        ],
  );
  return { count, columns, sums };
}

function asVectors(vectors) {
  return Object.fromEntries(Object.entries(vectors).map(([name, data]) => [name, vector(data)]));
}

function vector(data) {
  return tensor([size], data);
}

function tensor(shape, data) {
  return { dtype: 'float64', shape, data };
}

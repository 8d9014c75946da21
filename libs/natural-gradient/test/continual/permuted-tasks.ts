/**
 * The measured problem of continual learning: one classification problem in 20 features, and for each task its features in another order.
 * A class is two Gaussian clusters. All numbers come from the seed.
 */

/** One task's examples: features [count, features] row-major and labels below `classes`. */
export interface Examples {
  readonly x: Float64Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** A task. */
export interface Task {
  readonly train: Examples;
  readonly test: Examples;
}

export const features = 20;
export const classes = 5;
const clusters = 2;

/** Uniform numbers in (0, 1) from a seed (mulberry32). */
export function uniformsOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return (((word ^ (word >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Standard normal numbers from a seed (Box and Muller, the cosine only). */
export function normalsOf(seed: number): () => number {
  const uniform = uniformsOf(seed);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** 0 .. n - 1 in an order drawn by Fisher and Yates. */
export function orderOf(n: number, uniform: () => number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Tasks of a seed; the first one has the features in their own order. */
export function permutedTasks(
  seed: number,
  { tasks, train, test, noise }: { readonly tasks: number; readonly train: number; readonly test: number; readonly noise: number },
): Task[] {
  const normal = normalsOf(1000 + seed);
  const uniform = uniformsOf(2000 + seed);
  const centres = Array.from({ length: classes * clusters }, () => Float64Array.from({ length: features }, normal));
  const draw = (count: number): Examples => {
    const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
    const x = new Float64Array(count * features);
    labels.forEach((label, i) => {
      const centre = centres[label * clusters + Math.floor(uniform() * clusters)];
      for (let j = 0; j < features; j++) x[i * features + j] = centre[j] + noise * normal();
    });
    return { x, labels, count };
  };
  const base = { train: draw(train), test: draw(test) };
  return Array.from({ length: tasks }, (_, k) => {
    const order = k === 0 ? orderOf(features, () => 1 - Number.EPSILON) : orderOf(features, uniform);
    const permuted = ({ x, labels, count }: Examples): Examples => ({
      x: x.map((_entry, at) => x[at - (at % features) + order[at % features]]),
      labels,
      count,
    });
    return { train: permuted(base.train), test: permuted(base.test) };
  });
}

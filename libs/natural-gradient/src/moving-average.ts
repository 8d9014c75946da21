/**
 * Debiased exponential moving averages, in the weight convention of kfac-jax (`WeightedMovingAverage`):
 *   w_t = beta w_(t-1) + 1,   mean_t = (1 - 1/w_t) mean_(t-1) + x_t / w_t,   w_0 = 0.
 * Unrolled, mean_t = sum_i beta^(t-i) x_i / sum_i beta^(t-i). The textbook average m_t = beta m_(t-1) + (1 - beta) x_t divided by
 * its bias 1 - beta^t = (1 - beta) sum_i beta^(t-i) is the same quotient, so one debiased mean serves Kronecker factors and Adam's
 * moments alike, without powers of beta. The first mean is x_1 exactly, since w_1 = 1.
 */

/** The weight after one more observation; start from 0. */
export function nextWeight(weight: number, decay: number): number {
  return decay * weight + 1;
}

/**
 * The mean after one more observation, as a new array.
 * @param mean the previous mean, any finite values when `weight` is 1
 * @param observation x, or its sum over `count` cases, of which it is the mean
 * @param weight the weight that already counts the observation, from {@link nextWeight}
 */
export function nextMean(mean: Float64Array, observation: ArrayLike<number>, weight: number, count: number = 1): Float64Array {
  const keep = 1 - 1 / weight;
  const next = new Float64Array(mean.length);
  for (let i = 0; i < next.length; i++) next[i] = keep * mean[i] + observation[i] / count / weight;
  return next;
}

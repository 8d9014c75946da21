/**
 * What a round costs, in gradients of the whole batch: a forward pass is 1/3, a backward pass and a Jacobian-vector product are 2/3. The second
 * backward pass of each sampled target counts as a whole one; `quad` is two products.
 */

/** Passes of a round over the whole batch. `samples`: targets drawn for each example. */
export function passesOf(phase, { samples = 1 } = {}) {
  const statistics = (2 / 3) * samples;
  const table = {
    grad: 1,
    'grad-stats': 1 + statistics,
    'grad-stats-moving': 1 + statistics,
    burnin: 1 / 3 + statistics,
    basis: 1 / 3 + statistics,
    quad: 4 / 3,
    trial: 1 / 3,
  };
  const [program] = phase.split('/');
  if (!(program in table)) throw new Error(`passesOf: expected a phase of training, got ${phase}`);
  return table[program];
}

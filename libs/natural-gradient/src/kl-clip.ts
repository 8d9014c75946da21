/**
 * KL clip (Ba, Grosse & Martens 2017, section 5; KAISA): scales a preconditioned step so that its predicted KL divergence,
 * eta^2 sum_l <U_l, dW_l> with U = C^-1 dW, is at most kappa. It acts on the step before momentum.
 */

/**
 * The scale nu = min(1, sqrt(kappa / (eta^2 <U, dW>))) in (0, 1]; 1 where the product is not positive.
 * @param product sum over all layers of <U_l, dW_l>, summed in layer order
 */
export function klScale(options: { readonly bound: number; readonly learningRate: number; readonly product: number }): number {
  const divergence = options.learningRate ** 2 * options.product;
  return divergence > options.bound ? Math.sqrt(options.bound / divergence) : 1;
}

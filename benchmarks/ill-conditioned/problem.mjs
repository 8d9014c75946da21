/**
 * Regressions whose Fisher matrix is known in closed form. Features are cosines, orthonormal over the N = 64 examples (DCT-II), scaled by sigma_k
 * and mixed by a reflection H, so that F = A'A / N = H diag(sigma^2) H with condition 1e8 for the linear model; n = 16 parameters.
 */

export const [examples, features] = [64, 16];
export const condition = 1e8;

/** Eigenvalues of F, from 1 down to 1 / condition. */
export const eigenvalues = Float64Array.from({ length: features }, (_, k) => condition ** (-k / (features - 1)));

/** The parameters to be found. */
export const truth = Float64Array.from({ length: features }, (_, k) => Math.cos(3 * k + 1));

/** A [N, n], row-major. */
export const design = reflected(
  Float64Array.from({ length: examples * features }, (_, at) => {
    const [row, k] = [Math.floor(at / features), at % features];
    return Math.SQRT2 * Math.cos((Math.PI * (k + 1) * (row + 0.5)) / examples) * Math.sqrt(eigenvalues[k]);
  }),
);

/** Coordinates of a vector along the eigenvectors of F: H v. */
export function inEigenbasis(v) {
  return reflected(Float64Array.from(v));
}

/** The linear model with squared loss |f - y|^2 / 2, or the logistic one with the cross entropy to true probabilities. */
export const models = {
  linear: { response: (z) => z, curvature: () => 1 },
  logistic: { response: (z) => 1 / (1 + Math.exp(-z)), curvature: (z) => 1 / ((1 + Math.exp(-z)) * (1 + Math.exp(z))) },
};

/** Answers the rounds of a step at theta: sums of the gradient, of the dense Fisher matrix F/all, and of its products. */
export function worker({ response, curvature }) {
  const targets = times(truth).map(response);
  return (theta, { program, vectors }) => {
    const z = times(theta);
    if (program === 'product') {
      const image = times(vectors.direction);
      return totals({ product: transposed(image.map((entry, i) => curvature(z[i]) * entry)) });
    }
    const gradient = transposed(z.map((entry, i) => response(entry) - targets[i]));
    return totals({ gradient, ...(program === 'grad-stats' && { 'F/all': fisher(z.map(curvature)) }) });
  };
}

function totals(sums) {
  return { count: examples, columns: new Map(), sums: new Map(Object.entries(sums)) };
}

function fisher(weights) {
  const sum = new Float64Array(features * features);
  for (let row = 0; row < examples; row++)
    for (let i = 0; i < features; i++)
      for (let j = 0; j < features; j++) sum[i * features + j] += weights[row] * design[row * features + i] * design[row * features + j];
  return sum;
}

function times(v) {
  return Float64Array.from({ length: examples }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < features; i++) sum += design[row * features + i] * v[i];
    return sum;
  });
}

function transposed(w) {
  const out = new Float64Array(features);
  for (let row = 0; row < examples; row++) for (let i = 0; i < features; i++) out[i] += design[row * features + i] * w[row];
  return out;
}

/** Every row r becomes r H, H = I - 2 u u' / u'u with u = (1, 2, .., n). */
function reflected(rows) {
  const u = Float64Array.from({ length: features }, (_, i) => i + 1);
  const squared = u.reduce((sum, entry) => sum + entry * entry, 0);
  for (let from = 0; from < rows.length; from += features) {
    let along = 0;
    for (let i = 0; i < features; i++) along += rows[from + i] * u[i];
    for (let i = 0; i < features; i++) rows[from + i] -= (2 * along * u[i]) / squared;
  }
  return rows;
}

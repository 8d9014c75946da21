/** Gaussian elimination with partial pivoting: a solver that shares nothing with libs/linalg. */

/** Solves (matrix + damping I) x = b; matrix [n, n] row-major. */
export function denseSolve(matrix: Float64Array, b: Float64Array, damping: number): Float64Array {
  const n = b.length;
  const rows = Array.from({ length: n }, (_, i) => {
    const row = [...matrix.subarray(i * n, (i + 1) * n), b[i]];
    row[i] += damping;
    return row;
  });
  for (let k = 0; k < n; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const known = x.reduce((sum, value, j) => (j > i ? sum + rows[i][j] * value : sum), 0);
    x[i] = (rows[i][n] - known) / rows[i][i];
  }
  return x;
}

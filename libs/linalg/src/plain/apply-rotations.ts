/**
 * Applies a long sequence of plane rotations to the columns of a matrix. Rows are independent, so a panel of rows is transposed into
 * the cache and all rotations pass over it before the next panel comes (compare Van Zee, van de Geijn, Quintana-Orti, ACM TOMS 2014).
 */
import type { Rotations } from './implicit-ql.ts';

/** Rows in a panel: two cache lines of doubles, enough independent work to hide the latency of a rotation. */
const panelWidth = 16;

/** matrix [n, n] <- matrix G_1 G_2 ..., in place; each rotation mixes two neighbouring columns. */
export function applyRotations(matrix: Float64Array, n: number, rotations: Rotations): void {
  const panel = new Float64Array(n * panelWidth);
  for (let row = 0; row < n; row += panelWidth) {
    const rows = Math.min(panelWidth, n - row);
    for (let p = 0; p < rows; p++) for (let j = 0; j < n; j++) panel[j * panelWidth + p] = matrix[(row + p) * n + j];
    rotatePanel(panel, rotations);
    for (let p = 0; p < rows; p++) for (let j = 0; j < n; j++) matrix[(row + p) * n + j] = panel[j * panelWidth + p];
  }
}

function rotatePanel(panel: Float64Array, { at, cosine, sine }: Rotations): void {
  for (let r = 0; r < at.length; r++) {
    const c = cosine[r];
    const s = sine[r];
    const left = at[r] * panelWidth;
    const right = left + panelWidth;
    for (let p = 0; p < panelWidth; p++) {
      const x = panel[left + p];
      const y = panel[right + p];
      panel[right + p] = s * x + c * y;
      panel[left + p] = c * x - s * y;
    }
  }
}
